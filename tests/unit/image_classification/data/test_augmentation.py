import numpy as np
import numpy.typing as npt
import pytest

from image_classification.data.augmentation import (
    SHIFT,
    augmentation,
    jitter_color,
    random_crop,
    random_flip,
    random_shift,
    transform,
)
from image_classification.data.preparation import Preparation

SHAPE = Preparation(3, 12, 10)


def noise(height: int, width: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("size", [(12, 10), (20, 30)])
def test_a_shifted_image_is_a_crop_of_the_image_with_mirrored_edges(size: tuple[int, int]) -> None:
    pixels = noise(*size)
    padded = np.pad(pixels, ((SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="reflect")
    crops = {
        padded[top : top + 12, left : left + 10].tobytes()
        for top in range(padded.shape[0] - 11)
        for left in range(padded.shape[1] - 9)
    }
    generator = np.random.default_rng(1)
    shifted = {random_shift(SHAPE, pixels, generator).tobytes() for _ in range(500)}
    assert shifted <= crops
    assert len(shifted) > 50


@pytest.mark.parametrize("name", [None, "shift", "crop", "crop_color", "crop_color_transform"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_augmentation_returns_images_of_the_shape(name: str | None, channels: int) -> None:
    pixels, generator = noise(20, 30)[..., :channels], np.random.default_rng(1)
    augment = augmentation(name, Preparation(channels, 12, 10))
    images = {augment(pixels, generator).tobytes() for _ in range(20)}
    assert {len(image) for image in images} == {12 * 10 * channels}
    assert (len(images) > 1) == (name is not None)


def test_a_flip_mirrors_the_image_half_of_the_time() -> None:
    pixels, generator = noise(3, 5), np.random.default_rng(1)
    flips = [random_flip(pixels, generator) for _ in range(200)]
    mirrored = sum(np.array_equal(image, pixels[:, ::-1]) for image in flips)
    assert mirrored + sum(np.array_equal(image, pixels) for image in flips) == 200
    assert 70 < mirrored < 130


@pytest.mark.parametrize("name", ["shift", "crop", "crop_color", "crop_color_transform"])
def test_every_random_augmentation_flips(name: str) -> None:
    """The left half is black and the right half white: a flip exchanges them, other changes do not."""
    pixels = np.zeros((12, 10, 3), np.uint8)
    pixels[:, 5:] = 255
    augment, generator = augmentation(name, SHAPE), np.random.default_rng(1)
    brighter_right = {
        bool(np.diff([half.mean() for half in np.hsplit(augment(pixels, generator), 2)]) > 0) for _ in range(30)
    }
    assert brighter_right == {True, False}


def test_a_crop_is_a_part_of_the_image_at_any_place() -> None:
    pixels, generator = noise(13, 12), np.random.default_rng(1)
    crops = {random_crop(SHAPE, pixels, generator).tobytes() for _ in range(200)}
    assert crops == {pixels[top : top + 12, left : left + 10].tobytes() for top in range(2) for left in range(3)}


def test_color_jitter_changes_the_colors_of_the_whole_image_alike() -> None:
    pixels = np.full((4, 4, 3), (120, 60, 30), np.uint8)
    jittered = jitter_color(pixels, np.random.default_rng(1))
    assert (jittered == jittered[0, 0]).all()
    assert not (jittered == pixels).all()


def test_gray_images_get_no_color_jitter() -> None:
    pixels = np.arange(12 * 10, dtype=np.uint8).reshape(12, 10, 1)
    augment, generator = augmentation("crop_color", Preparation(1, 12, 10)), np.random.default_rng(1)
    images = {augment(pixels, generator).tobytes() for _ in range(20)}
    assert images == {pixels.tobytes(), pixels[:, ::-1].tobytes()}


def test_a_transformed_image_keeps_its_center_and_its_area() -> None:
    pixels = np.zeros((41, 31, 1), np.uint8)
    pixels[15:26, 10:21] = 200  # a square about the center
    rows, columns = np.mgrid[:41, :31]
    for seed in range(20):
        moved = transform(pixels, np.random.default_rng(seed)).astype(float)[..., 0]
        mass = moved.sum()
        assert mass == pytest.approx(pixels.sum(), rel=0.05)
        center = ((moved * rows).sum() / mass, (moved * columns).sum() / mass)
        assert center == pytest.approx((20, 15), abs=0.3)


def test_a_transform_turns_and_stretches_the_image() -> None:
    pixels = np.zeros((41, 31, 1), np.uint8)
    pixels[15:26, 10:21] = 200
    images = {transform(pixels, np.random.default_rng(seed)).tobytes() for seed in range(10)}
    assert len(images) == 10
