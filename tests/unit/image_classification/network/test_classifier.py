import pytest
import torch
from torch import Tensor, nn

from image_classification.network.classifier import Classifier


class BrightestColumn(nn.Module):
    """Logits that are the pixels of the first row of the first channel."""

    def forward(self, images: Tensor) -> Tensor:
        return images[:, 0, 0]


def classifier(mirror_averaging: bool = False) -> Classifier:
    return Classifier(BrightestColumn(), torch.tensor([100.0]), torch.tensor([50.0]), mirror_averaging)


IMAGE = torch.tensor([[[[150], [100], [50]]]], dtype=torch.uint8)  # batch, height, width, channels


def test_images_are_normalized_by_mean_and_deviation() -> None:
    assert classifier()(IMAGE).tolist() == [[1, 0, -1]]


def test_a_channel_without_variation_is_not_divided_by_zero() -> None:
    model = Classifier(BrightestColumn(), torch.tensor([100.0]), torch.tensor([0.0]), False)
    assert model(IMAGE).tolist() == [[50, 0, -50]]


@pytest.mark.parametrize("training", [True, False])
def test_sharpness_and_mirror_averaging_apply_in_eval_mode_only(training: bool) -> None:
    model = classifier(mirror_averaging=True).train(training)
    model.sharpness.fill_(3)
    image = torch.tensor([[[[200], [100], [100]]]], dtype=torch.uint8)
    assert model(image).tolist() == ([[2, 0, 0]] if training else [[3, 0, 3]])
