import numpy as np
import numpy.typing as npt
import pytest

from image_classification.data.augmentation import SHIFT, augmentation, random_shift
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
