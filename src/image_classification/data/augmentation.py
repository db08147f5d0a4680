"""Random changes to training images. Each function takes and returns pixels of shape `height, width, channels`."""

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
from PIL import Image

from image_classification.data.preparation import Pixels, Preparation

Augmentation = Callable[[Pixels, np.random.Generator], Pixels]
SHIFT = 4  # the most pixels by which the `shift` augmentation moves an image
HUE, SATURATION, LIGHTNESS = 36, 50, 50  # AWS's limits, on OpenCV's scales of 180, 255 and 255
ROTATION_DEGREES, SHEAR, ASPECT = 10, 0.1, 0.25


def augmentation(name: str | None, preparation: Preparation) -> Augmentation:
    """Return the augmentation of that name. `shift` is this program's own, for small images; the others are AWS's."""
    if name is None:
        return lambda pixels, generator: preparation.center_crop(pixels)
    steps: list[Augmentation] = []
    if name == "crop_color_transform":
        steps.append(transform)
    steps.append(partial(random_shift, preparation) if name == "shift" else partial(random_crop, preparation))
    steps.append(random_flip)
    if name in ("crop_color", "crop_color_transform") and preparation.channels == 3:
        steps.append(jitter_color)
    return partial(apply, tuple(steps))


def apply(steps: tuple[Augmentation, ...], pixels: Pixels, generator: np.random.Generator) -> Pixels:
    for step in steps:
        pixels = step(pixels, generator)
    return pixels


def random_crop(preparation: Preparation, pixels: Pixels, generator: np.random.Generator) -> Pixels:
    top = generator.integers(pixels.shape[0] - preparation.height + 1)
    left = generator.integers(pixels.shape[1] - preparation.width + 1)
    return pixels[top : top + preparation.height, left : left + preparation.width]


def random_shift(preparation: Preparation, pixels: Pixels, generator: np.random.Generator) -> Pixels:
    """Crop at a random place that may reach SHIFT pixels beyond the edges, where the image is mirrored."""
    rows, columns = (
        shifted_positions(side, size, generator)
        for side, size in zip(pixels.shape[:2], (preparation.height, preparation.width), strict=True)
    )
    return pixels.take(rows, 0).take(columns, 1)


def shifted_positions(side: int, size: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return for each of `size` pixels the position in a row of `side` pixels that it is copied from."""
    shift = min(SHIFT, side - 1)
    start = generator.integers(-shift, side - size + shift + 1)
    # The two absolute values reflect positions below 0 and above side - 1 back into the row.
    positions: npt.NDArray[np.int64] = side - 1 - np.abs(side - 1 - np.abs(np.arange(start, start + size)))
    return positions


def random_flip(pixels: Pixels, generator: np.random.Generator) -> Pixels:
    """Mirror the image left to right, half of the time."""
    return pixels[:, ::-1] if generator.random() < 0.5 else pixels


def jitter_color(pixels: Pixels, generator: np.random.Generator) -> Pixels:
    """Change hue, saturation and lightness of the whole image, each by a random amount within AWS's limits."""
    hue, saturation, lightness = (generator.uniform(-limit, limit) for limit in (HUE, SATURATION, LIGHTNESS))
    hsv = np.array(Image.fromarray(np.ascontiguousarray(pixels)).convert("HSV"), dtype=np.float32)
    # Pillow scales all three to 0..255, where OpenCV scales hue to 0..179; hue is an angle and wraps around.
    hsv[..., 0] = (hsv[..., 0] + hue * 255 / 180) % 256
    hsv[..., 1:] = np.clip(hsv[..., 1:] + (saturation, lightness), 0, 255)
    return np.asarray(Image.fromarray(hsv.astype(np.uint8), "HSV").convert("RGB"))


def transform(pixels: Pixels, generator: np.random.Generator) -> Pixels:
    """Rotate, shear and stretch the image about its center, in one resampling."""
    angle = np.deg2rad(generator.uniform(-ROTATION_DEGREES, ROTATION_DEGREES))
    stretch = np.sqrt(1 + generator.uniform(-ASPECT, ASPECT))
    shear = np.array([[1, generator.uniform(-SHEAR, SHEAR)], [0, 1]])
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = rotation @ shear @ np.diag([stretch, 1 / stretch])
    center = np.array([pixels.shape[1], pixels.shape[0]]) / 2
    offset = center - matrix @ center
    coefficients = (*matrix[0], offset[0], *matrix[1], offset[1])
    image = Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
    moved = image.transform(image.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    return np.asarray(moved).reshape(pixels.shape)
