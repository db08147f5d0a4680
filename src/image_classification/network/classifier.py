"""A network with the normalization of its images in front of it, so that no caller can get that wrong."""

import torch
from torch import Tensor, nn


class Classifier(nn.Module):
    """Takes uint8 `batch, height, width, channels` and returns `batch, classes` logits.

    With `mirror_averaging`, a model in eval mode averages the logits of an image and its mirror image, which is right
    more often than either. `sharpness` is an inverse temperature, fitted after training, that calibrates the
    probabilities (Guo et al., 2017).
    """

    mean: Tensor
    scale: Tensor
    sharpness: Tensor

    def __init__(self, layers: nn.Module, mean: Tensor, deviation: Tensor, mirror_averaging: bool) -> None:
        super().__init__()
        self.layers = layers
        self.mirror_averaging = mirror_averaging
        self.register_buffer("mean", mean.float().reshape(1, -1, 1, 1))
        self.register_buffer("sharpness", torch.ones(()))
        # A channel that never varies has no deviation to divide by.
        self.register_buffer("scale", 1 / deviation.float().clamp(min=1).reshape(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        normalized = (images.permute(0, 3, 1, 2).float() - self.mean) * self.scale
        logits: Tensor = self.layers(normalized)
        if self.mirror_averaging and not self.training:
            logits = (logits + self.layers(normalized.flip(3))) * 0.5
        return logits if self.training else logits * self.sharpness


def parameter_count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def channels_last(model: Classifier) -> Classifier:
    """Convert the weights to the layout in which convolutions on a CPU are fastest and images arrive."""
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
