"""Statistics of images, which change with the camera, the light, the place and the processing of images.

All are computed from the pixels of a batch of images of one size at once. Large images are cropped to their center
first: scaling would hide noise and blur.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]  # height, width, 3
FORMATS = ("PNG", "JPEG")
PIXEL_LIMIT = 40_000_000
ASPECT_LIMIT = 100  # a strip would be many times as large when its short side has the model's size
SIDE_MAX = 512
LUMA = np.array([0.299, 0.587, 0.114])
BINS = 64
TINY = 1e-3
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, LookupError, OverflowError, TypeError)  # Pillow raises all


def decode(data: bytes) -> Image.Image | None:
    """Return the image in RGB, or None if the bytes are not a PNG or JPEG image."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > PIXEL_LIMIT or max(image.size) > ASPECT_LIMIT * min(image.size):
                return None
            image.load()
            upright = ImageOps.exif_transpose(image)
            return (upright or image).convert("RGB")
    except (*UNREADABLE, Image.DecompressionBombError):
        return None


def center(image: Image.Image) -> Pixels:
    """Return the pixels of the image, or of its center if it is large."""
    width, height = min(image.width, SIDE_MAX), min(image.height, SIDE_MAX)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return np.asarray(image.crop((left, top, left + width, top + height)))


class Batch:
    """Images of one size, and what several statistics need of them."""

    def __init__(self, pixels: Sequence[Pixels]) -> None:
        self.rgb = np.stack(pixels).astype(np.float32)  # count, height, width, 3
        self.gray = self.rgb @ LUMA.astype(np.float32)
        self.count, self.height, self.width = self.gray.shape
        self.across = np.diff(self.gray, axis=2)
        self.down = np.diff(self.gray, axis=1)

    def mean(self, values: npt.NDArray[np.floating[Any]]) -> Floats:
        result: Floats = values.reshape(self.count, -1).mean(1, dtype=np.float64)
        return result


def percentile(values: npt.NDArray[np.float32], share: float) -> Floats:
    """Return a percentile of each image's values."""
    result: Floats = np.percentile(values.reshape(len(values), -1), share, axis=1).astype(np.float64)
    return result


def brightness(batch: Batch) -> Floats:
    return batch.mean(batch.gray)


def contrast(batch: Batch) -> Floats:
    result: Floats = batch.gray.reshape(batch.count, -1).std(1).astype(np.float64)
    return result


def shadows(batch: Batch) -> Floats:
    return percentile(batch.gray, 5)


def highlights(batch: Batch) -> Floats:
    return percentile(batch.gray, 95)


def saturation(batch: Batch) -> Floats:
    red, green, blue = (batch.rgb[..., channel] for channel in range(3))
    # pairwise: along an axis of three, NumPy's maximum takes twenty times as long
    high = np.maximum(np.maximum(red, green), blue)
    low = np.minimum(np.minimum(red, green), blue)
    return batch.mean((high - low) / np.maximum(high, 1))


def red_green(batch: Batch) -> Floats:
    return batch.mean(batch.rgb[..., 0] - batch.rgb[..., 1])


def yellow_blue(batch: Batch) -> Floats:
    return batch.mean((batch.rgb[..., 0] + batch.rgb[..., 1]) / 2 - batch.rgb[..., 2])


def clipped(batch: Batch) -> Floats:
    """Share of values at an end of the scale."""
    return batch.mean(((batch.rgb == 0) | (batch.rgb == 255)).astype(np.float32))


def entropy(batch: Batch) -> Floats:
    """Entropy of the gray levels, in bits."""
    levels = (batch.gray.reshape(batch.count, -1) * (BINS / 256)).astype(np.int64)
    offsets = np.arange(batch.count)[:, None] * BINS
    counts = np.bincount((levels + offsets).ravel(), minlength=batch.count * BINS).reshape(batch.count, BINS)
    shares = counts / counts.sum(1, keepdims=True)
    result: Floats = -np.sum(shares * np.log2(np.maximum(shares, TINY**4)), axis=1)
    return result


def edges(batch: Batch) -> Floats:
    """Mean difference of neighboring pixels, on a logarithmic scale."""
    return np.log(batch.mean(np.abs(batch.across)) + batch.mean(np.abs(batch.down)) + TINY)


def sharpness(batch: Batch) -> Floats:
    """Second differences relative to first ones: blur and enlargement lower it, whatever the picture shows."""
    second = batch.mean(np.abs(np.diff(batch.across, axis=2))) + batch.mean(np.abs(np.diff(batch.down, axis=1)))
    first = batch.mean(np.abs(batch.across)) + batch.mean(np.abs(batch.down))
    return np.log((second + TINY) / (first + TINY))


def noise(batch: Batch) -> Floats:
    """Estimate of the noise from the quietest quarter of the picture, on a logarithmic scale.

    The mixed difference is blind to edges along the axes (Immerkaer, 1996).
    """
    return np.log(percentile(np.abs(np.diff(batch.across, axis=1)), 25) + TINY)


def roughness(batch: Batch) -> Floats:
    """Mean mixed difference, on a logarithmic scale."""
    return np.log(batch.mean(np.abs(np.diff(batch.across, axis=1))) + TINY)


def color_noise(batch: Batch) -> Floats:
    """Median mixed difference of the colors, on a logarithmic scale.

    Photographs have hardly any fine detail in their colors, so noise stands out there that brightness hides.
    """
    red, blue = (np.diff(np.diff(batch.rgb[..., channel] - batch.gray, axis=2), axis=1) for channel in (0, 2))
    return np.log(percentile(np.sqrt(red**2 + blue**2), 50) + TINY)


def resolution(batch: Batch) -> Floats:
    """Mixed second differences relative to mixed first ones: resampling, as by turning or scaling, lowers it."""
    first = np.diff(batch.across, axis=1)
    second = np.diff(np.diff(first, axis=2), axis=1)
    return np.log((batch.mean(np.abs(second)) + TINY) / (batch.mean(np.abs(first)) + TINY))


def flatness(batch: Batch) -> Floats:
    """Share of neighboring pixels that are exactly equal: high for plain backgrounds without noise."""
    return (batch.mean((batch.across == 0).astype(np.float32)) + batch.mean((batch.down == 0).astype(np.float32))) / 2


def smeared_border(batch: Batch) -> Floats:
    """Share of border pixels that equal the next pixel inside: high for images that were moved and filled up."""
    sides = (batch.down[:, 0], batch.down[:, -1], batch.across[:, :, 0], batch.across[:, :, -1])
    return sum((batch.mean((side == 0).astype(np.float32)) for side in sides), np.zeros(batch.count)) / 4


def border_contrast(batch: Batch) -> Floats:
    """Brightness of the border less that of the middle."""
    y, x = max(1, batch.height // 8), max(1, batch.width // 8)
    inner = batch.gray[:, y : batch.height - y, x : batch.width - x]
    if inner.size == 0:
        return np.zeros(batch.count)
    border = batch.gray.sum((1, 2), dtype=np.float64) - inner.sum((1, 2), dtype=np.float64)
    pixels = batch.height * batch.width - inner.shape[1] * inner.shape[2]
    result: Floats = border / pixels - batch.mean(inner)
    return result


def border_detail(batch: Batch) -> Floats:
    """Detail of the border relative to the whole picture: an object that was cropped or moved reaches the border."""
    y, x = max(1, batch.height // 8), max(1, batch.width // 8)
    detail = np.abs(batch.across[:, :-1]) + np.abs(batch.down[:, :, :-1])
    sides = (detail[:, :y], detail[:, -y:], detail[:, :, :x], detail[:, :, -x:])
    border = sum((batch.mean(side) for side in sides), np.zeros(batch.count)) / 4
    return np.log((border + TINY) / (batch.mean(detail) + TINY))


def top_bottom(batch: Batch) -> Floats:
    """Brightness of the upper half less that of the lower half."""
    half = max(1, batch.height // 2)
    return batch.mean(batch.gray[:, :half]) - batch.mean(batch.gray[:, -half:])


def direction(batch: Batch) -> Floats:
    """Differences across relative to differences down, which change when images are turned."""
    return np.log((batch.mean(np.abs(batch.across)) + TINY) / (batch.mean(np.abs(batch.down)) + TINY))


def diagonality(batch: Batch) -> Floats:
    """Mean absolute product of both differences relative to their squares: high for diagonal lines."""
    across, down = batch.across[:, :-1], batch.down[:, :, :-1]
    squares = batch.mean(across**2) + batch.mean(down**2)
    return 2 * batch.mean(np.abs(across * down)) / (squares + TINY)


def blockiness(batch: Batch) -> Floats:
    """Differences across the borders of JPEG's blocks of eight, relative to the others."""
    columns = np.arange(batch.width - 1) % 8 == 7
    if not columns.any():
        return np.zeros(batch.count)
    across = np.abs(batch.across)
    return np.log((batch.mean(across[:, :, columns]) + TINY) / (batch.mean(across[:, :, ~columns]) + TINY))


def color_detail(batch: Batch) -> Floats:
    """Differences of color relative to those of brightness: JPEG keeps color at half of the resolution."""
    red_blue = batch.rgb[..., 0] - batch.rgb[..., 2]
    differences = batch.mean(np.abs(np.diff(red_blue, axis=2))) + batch.mean(np.abs(np.diff(red_blue, axis=1)))
    return np.log((differences + TINY) / (batch.mean(np.abs(batch.across)) + batch.mean(np.abs(batch.down)) + TINY))


STATISTICS: dict[str, Callable[[Batch], Floats]] = {
    function.__name__: function
    for function in (
        brightness,
        contrast,
        shadows,
        highlights,
        saturation,
        red_green,
        yellow_blue,
        clipped,
        entropy,
        edges,
        sharpness,
        noise,
        roughness,
        color_noise,
        resolution,
        flatness,
        smeared_border,
        border_contrast,
        border_detail,
        top_bottom,
        direction,
        diagonality,
        blockiness,
        color_detail,
    )
}
SIZES = ("width", "height", "bytes_per_pixel")
NAMES = (*STATISTICS, *SIZES)


def measure(images: Sequence[Image.Image | None], sizes_bytes: Sequence[int]) -> Floats:
    """Return the statistics of each image, in the order of NAMES; NaN for an image that could not be read.

    sizes_bytes: length of each image's file. Shape of the result: images, len(NAMES).
    """
    rows = np.full((len(images), len(NAMES)), np.nan)
    groups: dict[tuple[int, int], list[int]] = {}
    pixels = [None if image is None else center(image) for image in images]
    for index, (image, array) in enumerate(zip(images, pixels)):
        if image is not None and array is not None:
            size = image.width * image.height
            rows[index, len(STATISTICS) :] = image.width, image.height, sizes_bytes[index] / size
            groups.setdefault((array.shape[0], array.shape[1]), []).append(index)
    for (height, width), indices in groups.items():
        if min(height, width) < 4:
            continue
        batch = Batch([array for array in (pixels[index] for index in indices) if array is not None])
        rows[indices, : len(STATISTICS)] = np.stack([function(batch) for function in STATISTICS.values()], axis=1)
    return rows
