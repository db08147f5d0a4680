"""Each image statistic moves with the change that it is named after."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter
from tests.unit.image_monitoring.pictures import pictures, png

from image_monitoring.measuring.image_statistics import NAMES, decode, measure

PICTURES = pictures(20, 1)


def mean_of(images: list[Image.Image], name: str) -> float:
    rows = measure(images, [1000] * len(images))
    return float(rows[:, NAMES.index(name)].mean())


def changed(name: str) -> list[Image.Image]:
    images = [Image.fromarray(picture) for picture in PICTURES]
    noise = np.random.default_rng(2).normal(0, 30, PICTURES.shape)
    changes = {
        "none": images,
        "dark": [image.point(lambda value: value // 2) for image in images],
        "gray": [image.convert("L").convert("RGB") for image in images],
        "blur": [image.filter(ImageFilter.GaussianBlur(1)) for image in images],
        "noise": [Image.fromarray(picture) for picture in np.clip(PICTURES + noise, 0, 255).astype(np.uint8)],
        "turned": [image.transpose(Image.Transpose.ROTATE_90) for image in images],
        "flat": [image.resize((4, 4)).resize((16, 16), Image.Resampling.NEAREST) for image in images],
    }
    return changes[name]


@pytest.mark.parametrize(
    ("change", "name", "direction"),
    [
        ("dark", "brightness", -1),
        ("dark", "contrast", -1),
        ("gray", "saturation", -1),
        ("blur", "sharpness", -1),
        ("blur", "roughness", -1),
        ("noise", "noise", 1),
        ("noise", "color_noise", 1),
        ("blur", "resolution", -1),
        ("noise", "entropy", 1),
        ("turned", "direction", 1),
        ("flat", "flatness", 1),
    ],
)
def test_a_change_moves_its_statistic(change: str, name: str, direction: int) -> None:
    before, after = mean_of(changed("none"), name), mean_of(changed(change), name)
    assert (after - before) * direction > 0.05 * abs(before)


def test_images_of_several_sizes_are_measured_in_one_batch() -> None:
    sizes = [(16, 16), (40, 20), (16, 16), (700, 600)]
    images = [Image.new("RGB", size, (10, 20, 30)) for size in sizes]
    rows = measure(images, [100] * 4)
    assert not np.isnan(rows).any()
    assert rows[:, NAMES.index("width")].tolist() == [16, 40, 16, 700]
    assert rows[0].tolist() == rows[2].tolist()


def test_bytes_that_are_no_image_are_missing_values() -> None:
    images = [decode(png(PICTURES[0])), decode(b"Hello"), decode(png(PICTURES[1])[:60])]
    rows = measure(images, [1, 5, 60])
    assert np.isnan(rows).all(1).tolist() == [False, True, True]


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (5, 4)])
def test_a_tiny_image_has_its_size_at_least(size: tuple[int, int]) -> None:
    rows = measure([Image.new("RGB", size)], [80])
    assert rows[0, NAMES.index("width")] == size[0]


def test_a_strip_that_a_model_would_enlarge_a_thousandfold_is_no_image() -> None:
    assert decode(png(np.zeros((1, 5000, 3), np.uint8))) is None
