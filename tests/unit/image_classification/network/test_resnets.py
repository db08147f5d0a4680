"""Every network that num_layers names can be built, trained and served."""

import numpy as np
import onnxruntime
import pytest
import torch

from image_classification.hyperparameters import LARGE_IMAGE_LAYERS, SMALL_IMAGE_LAYERS
from image_classification.network.classifier import Classifier, channels_last, parameter_count
from image_classification.network.onnx_export import to_onnx
from image_classification.network.resnets import network


@pytest.mark.parametrize("num_layers", [None, *SMALL_IMAGE_LAYERS, *LARGE_IMAGE_LAYERS])
def test_a_network_of_each_depth_can_be_trained_and_served(num_layers: int | None) -> None:
    torch.manual_seed(0)
    layers = network(num_layers, 3, 2)
    model = channels_last(Classifier(layers, torch.zeros(3), torch.ones(3), mirror_averaging=False))
    images = torch.randint(0, 255, (2, 32, 32, 3), dtype=torch.uint8)
    model.train()(images).sum().backward()
    assert all(weights.grad is not None for weights in model.parameters())
    graph = to_onnx(model.eval(), (3, 32, 32), 2, multi_label=False).SerializeToString()
    (served,) = onnxruntime.InferenceSession(graph).run(None, {"images": images.numpy()})
    with torch.inference_mode():
        np.testing.assert_allclose(served, model(images).softmax(1).numpy(), atol=1e-4)


@pytest.mark.parametrize("num_layers", [*SMALL_IMAGE_LAYERS, *LARGE_IMAGE_LAYERS])
def test_a_network_has_num_layers_layers(num_layers: int) -> None:
    with torch.device("meta"):
        layers = network(num_layers, 3, 2)
    main = [name for name, layer in layers.named_modules() if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear)]
    assert sum("shortcut" not in name for name in main) == num_layers


@pytest.mark.parametrize(
    ("num_layers", "parameters"),
    [(20, 272_474), (56, 855_770), (110, 1_730_714), (18, 11_181_642), (50, 23_528_522), (152, 58_164_298)],
)
def test_the_networks_have_the_sizes_from_the_papers(num_layers: int, parameters: int) -> None:
    """The sizes differ by a few percent, because shortcuts are convolutions here."""
    assert parameter_count(network(num_layers, 3, 10)) == pytest.approx(parameters, rel=0.02)
