"""Data sets of images in memory."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from image_classification.data.dataset import Dataset, LabeledImages, channel_statistics, load_dataset
from image_classification.data.labels import one_hot
from image_classification.data.preparation import Preparation
from image_classification.failure import CustomerError

SHAPE = Preparation(3, 4, 4)


@dataclass(frozen=True)
class Images:
    """Encoded images in memory; a text stands for an image that cannot be read."""

    contents: Sequence[bytes | str]

    def __len__(self) -> int:
        return len(self.contents)

    def name(self, index: int) -> str:
        return f"image {index}"

    def read(self, index: int) -> bytes:
        content = self.contents[index]
        if isinstance(content, str):
            raise OSError(content)
        return content


def png(color: int, size: int = 4) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), (color, color, color // 2)).save(buffer, "PNG")
    return buffer.getvalue()


def loaded(contents: Sequence[bytes | str], memory_limit_bytes: int | None = None) -> Dataset:
    examples = LabeledImages(Images(contents), one_hot([0] * len(contents), 2))
    return load_dataset("train", examples, SHAPE, memory_limit_bytes)


def test_batches_hold_every_image_once_in_order() -> None:
    dataset = loaded([png(color) for color in range(5)])
    batches = list(dataset.batches(2))
    assert [len(labels) for _, labels in batches] == [2, 2, 1]
    assert [int(image[0, 0, 0]) for images, _ in batches for image in images] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("limit", "in_memory"), [(96, True), (95, False)])
def test_pixels_stay_in_memory_up_to_the_limit(limit: int, in_memory: bool) -> None:
    dataset = loaded([png(1), png(2)], limit)
    assert (dataset.pixels is not None) == in_memory
    assert [int(image[0, 0, 0]) for image in dataset.selected([1, 0])] == [2, 1]


def test_each_image_of_a_batch_is_augmented() -> None:
    dataset = loaded([png(color) for color in range(3)])
    images = dataset.augmented(np.array([2, 0]), lambda pixels, generator: pixels + 1, np.random.default_rng(0))
    assert images.shape == (2, 4, 4, 3)
    assert images[:, 0, 0, 0].tolist() == [3, 1]


def test_unusable_images_are_counted_and_the_first_five_named() -> None:
    with pytest.raises(CustomerError) as error:
        loaded([png(1), *[f"fault {number}" for number in range(6)], png(1, size=3)])
    names = "; ".join(f"image {number + 1}: fault {number}" for number in range(5))
    assert str(error.value) == f"7 of 8 images in the train channel cannot be used. {names}; …"


def test_five_unusable_images_are_all_named() -> None:
    with pytest.raises(CustomerError) as error:
        loaded(["fault"] * 5)
    assert str(error.value).endswith("image 4: fault")


def test_the_statistics_are_those_of_each_color_channel() -> None:
    mean, deviation = channel_statistics(loaded([png(100), png(200)]))
    assert mean.tolist() == [150, 150, 75]
    assert deviation.tolist() == [50, 50, 25]
