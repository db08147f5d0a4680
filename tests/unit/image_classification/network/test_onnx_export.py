import onnxruntime
import pytest
import torch

from image_classification.network.classifier import Classifier, channels_last
from image_classification.network.onnx_export import to_onnx
from image_classification.network.resnets import network

MEAN, DEVIATION = torch.tensor([120.0, 110.0, 100.0]), torch.tensor([60.0, 61.0, 62.0])


def classifier(num_layers: int | None, mirror: bool, num_classes: int = 3) -> Classifier:
    torch.manual_seed(1)
    model = channels_last(Classifier(network(num_layers, 3, num_classes), MEAN, DEVIATION, mirror))
    model.train()
    model(torch.randint(0, 256, (8, 32, 32, 3), dtype=torch.uint8))  # gives batch normalization its statistics
    model.sharpness.fill_(1.3)
    return model.eval()


@pytest.mark.parametrize(
    ("num_layers", "mirror", "multi_label"),
    [(None, True, False), (None, False, True), (20, True, False), (18, False, False), (50, False, False)],
)
def test_onnx_runtime_gives_the_answers_of_pytorch(num_layers: int | None, mirror: bool, multi_label: bool) -> None:
    model = classifier(num_layers, mirror)
    images = torch.randint(0, 256, (5, 32, 32, 3), dtype=torch.uint8)
    exported = to_onnx(model, (3, 32, 32), 3, multi_label).SerializeToString()
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    answer = torch.from_numpy(session.run(None, {"images": images.numpy()})[0])
    with torch.inference_mode():
        expected = model(images).sigmoid() if multi_label else model(images).softmax(1)
    torch.testing.assert_close(answer, expected, atol=1e-4, rtol=1e-3)


def test_mirror_averaging_gives_an_image_and_its_mirror_image_the_same_answer() -> None:
    images = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    model = classifier(None, mirror=True)
    torch.testing.assert_close(model(images), model(images.flip(2)))
