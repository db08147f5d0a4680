"""Shifts of images for `drift.py`: those of a published study, and those that may happen to the cameras at a gate.

The study is "Failing Loudly" (Rabanser et al., 2019, arXiv 1810.11953): Gaussian noise of 1, 10 and 100 gray levels;
small, medium and large image shifts with Keras's ranges; adversarial images; a class that is knocked out.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageFilter
from scipy import ndimage

from image_classification.model_artifacts import read_description
from image_classification.network.classifier import Classifier
from image_classification.network.resnets import network

Images = npt.NDArray[np.uint8]  # count, height, width, 3
Labels = npt.NDArray[np.int64]
Shift = Callable[[Images, np.random.Generator], Images]
ADVERSARIAL_STEP = 8  # gray levels


@dataclass(frozen=True)
class Ranges:
    """Ranges of Keras's ImageDataGenerator, as the study's code sets them."""

    rotation_degrees: float
    shift: float
    shear_degrees: float
    zoom: float
    flips_across: bool
    flips_down: bool


IMAGE_SHIFTS = {
    "small image shift": Ranges(10, 0.05, 0.1, 0.1, False, False),
    "medium image shift": Ranges(40, 0.2, 0.2, 0.2, True, False),
    "large image shift": Ranges(90, 0.4, 0.3, 0.4, True, True),
}


def noise(deviation: float) -> Shift:
    def apply(images: Images, generator: np.random.Generator) -> Images:
        noisy = images + generator.normal(0, deviation, images.shape)
        result: Images = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
        return result

    return apply


def moved(ranges: Ranges) -> Shift:
    def apply(images: Images, generator: np.random.Generator) -> Images:
        return np.stack([moved_image(image, ranges, generator) for image in images])

    return apply


def moved_image(image: Images, ranges: Ranges, generator: np.random.Generator) -> Images:
    """Rotate, shift, shear and zoom about the center, bilinearly, and fill up with the nearest pixel, as Keras does."""
    angle, shear = np.deg2rad(generator.uniform(-1, 1, 2) * (ranges.rotation_degrees, ranges.shear_degrees))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = rotation @ np.array([[1, -np.sin(shear)], [0, np.cos(shear)]])
    matrix = matrix @ np.diag(1 + generator.uniform(-ranges.zoom, ranges.zoom, 2))
    center = (np.array(image.shape[:2]) - 1) / 2
    moved_by = generator.uniform(-ranges.shift, ranges.shift, 2) * image.shape[:2]
    offset = center - matrix @ center + moved_by
    channels = [
        ndimage.affine_transform(image[..., channel].astype(float), matrix, offset, order=1, mode="nearest")
        for channel in range(3)
    ]
    result: Images = np.clip(np.stack(channels, axis=-1), 0, 255).astype(np.uint8)
    if ranges.flips_across and generator.random() < 0.5:
        result = result[:, ::-1]
    if ranges.flips_down and generator.random() < 0.5:
        result = result[::-1]
    return result


def adversarial(model: Path, labels: Labels) -> Shift:
    """Return the fast gradient sign method against the served model (Goodfellow et al., 2015)."""
    description = read_description(model)
    classifier = Classifier(
        network(description.num_layers, 3, description.num_classes), torch.zeros(3), torch.ones(3), True
    )
    classifier.load_state_dict(torch.load(model / str(description.checkpoint), weights_only=True))
    classifier.eval()

    def apply(images: Images, generator: np.random.Generator) -> Images:
        pixels = torch.from_numpy(images.astype(np.float32)).requires_grad_()
        loss = torch.nn.functional.cross_entropy(classifier(pixels), torch.from_numpy(labels))
        (gradient,) = torch.autograd.grad(loss, pixels)
        step = ADVERSARIAL_STEP * gradient.sign()
        result: Images = (pixels.detach() + step).clamp(0, 255).round().to(torch.uint8).numpy()
        return result

    return apply


def by_image(change: Callable[[Image.Image], Image.Image]) -> Shift:
    def apply(images: Images, generator: np.random.Generator) -> Images:
        return np.stack([np.asarray(change(Image.fromarray(image)).convert("RGB")) for image in images])

    return apply


def as_jpeg(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=50)
    return Image.open(buffer)


def cropped(image: Image.Image) -> Image.Image:
    """Cut off a fifth on each side: the camera has moved closer."""
    width, height = image.size
    box = (width // 5, height // 5, width - width // 5, height - height // 5)
    return image.crop(box).resize(image.size, Image.Resampling.BILINEAR)


def at_night(images: Images, generator: np.random.Generator) -> Images:
    """A quarter of the light, and the noise that a camera adds in the dark."""
    return noise(5)((images * 0.25).astype(np.uint8), generator)


def blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(1))


KIT_SHIFTS: dict[str, Shift] = {
    "blur": by_image(blurred),
    "dark": by_image(lambda image: image.point(lambda value: value // 2)),
    "night": at_night,
    "crop": by_image(cropped),
    "gray": by_image(lambda image: image.convert("L")),
    "JPEG": by_image(as_jpeg),
}


def published(model: Path, labels: Labels) -> dict[str, Shift]:
    """Return the study's shifts of single images. The knock-out chooses images instead, so it is not among them."""
    return {
        "noise 1": noise(1),
        "noise 10": noise(10),
        "noise 100": noise(100),
        **{name: moved(ranges) for name, ranges in IMAGE_SHIFTS.items()},
        "adversarial": adversarial(model, labels),
    }


def augmented(images: Images, generator: np.random.Generator) -> Images:
    """Mirror each image at random, and move it by a pixel at most, its edges mirrored."""
    results = []
    for image in images:
        top, left = generator.integers(0, 3, 2)
        padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="reflect")
        part = padded[top : top + image.shape[0], left : left + image.shape[1]]
        results.append(part[:, ::-1] if generator.random() < 0.5 else part)
    return np.stack(results)
