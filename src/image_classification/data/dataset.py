"""A channel's images and labels. All are read and checked once; the pixels stay in memory if they fit."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from image_classification.data.augmentation import Augmentation
from image_classification.data.decoding import decoded_images, decoded_or_fault
from image_classification.data.image_sources import ImageSource
from image_classification.data.labels import Labels
from image_classification.data.preparation import Pixels, Preparation
from image_classification.failure import CustomerError

NAMED_IMAGES = 5  # how many unusable images an error names
STATISTICS_IMAGES = 1000
MEMORY_SHARE = 0.25  # share of the machine's or the container's memory for each of the two channels


@dataclass(frozen=True)
class LabeledImages:
    """Images and labels as the readers of the channel formats return them."""

    images: ImageSource
    labels: Labels


@dataclass(frozen=True)
class Dataset:
    """The images of a channel. `pixels` or `several_sizes` holds them in memory; with neither, each use decodes."""

    channel: str
    images: ImageSource
    labels: Labels
    preparation: Preparation
    pixels: npt.NDArray[np.uint8] | None  # images, height, width, channels; only if all have one size
    several_sizes: tuple[Pixels, ...] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def image(self, index: int) -> Pixels:
        return self.selected([index])[0]

    def selected(self, indices: Sequence[int]) -> Sequence[Pixels]:
        in_memory = self.several_sizes if self.pixels is None else self.pixels
        if in_memory is None:
            return decoded_images(self.images, indices, self.preparation)
        return [in_memory[index] for index in indices]

    def augmented(
        self, indices: npt.NDArray[np.int64], augment: Augmentation, generator: np.random.Generator
    ) -> Pixels:
        """Return the augmented images as one array: images, height, width, channels."""
        return np.stack([augment(image, generator) for image in self.selected(indices.tolist())])

    def batches(self, size: int) -> Iterator[tuple[Pixels, Labels]]:
        """Yield every image once, in order and center-cropped; the last batch may be smaller."""
        for start in range(0, len(self), size):
            indices = range(start, min(start + size, len(self)))
            yield (
                np.stack([self.preparation.center_crop(image) for image in self.selected(indices)]),
                self.labels[start : start + size],
            )


def load_dataset(
    channel: str, examples: LabeledImages, preparation: Preparation, memory_limit_bytes: int | None = None
) -> Dataset:
    """Read every image, so that a broken one fails the job before the first epoch.

    Raises CustomerError with the number of images that are missing, broken or too small, and the names of the first.
    """
    limit_bytes = memory_share_bytes() if memory_limit_bytes is None else memory_limit_bytes
    kept: list[Pixels] = []
    faults: dict[int, str] = {}
    size_bytes = 0
    for index, image in enumerate(decoded_or_fault(examples.images, preparation)):
        if isinstance(image, str):
            faults[index] = image
            continue
        size_bytes += image.nbytes
        if size_bytes <= limit_bytes:
            kept.append(image)
        else:
            kept.clear()  # over the limit: keep none, and decode at each use
    if faults:
        raise broken_images(faults, examples.images, channel)
    return dataset(channel, examples, preparation, kept)


def dataset(channel: str, examples: LabeledImages, preparation: Preparation, kept: list[Pixels]) -> Dataset:
    pixels, several_sizes = None, None
    if len(kept) == len(examples.images):
        if len({image.shape for image in kept}) == 1:
            pixels = np.stack(kept)
        else:
            several_sizes = tuple(kept)
    return Dataset(channel, examples.images, examples.labels, preparation, pixels, several_sizes)


def broken_images(faults: dict[int, str], images: ImageSource, channel: str) -> CustomerError:
    named = "; ".join(f"{images.name(index)}: {fault}" for index, fault in list(faults.items())[:NAMED_IMAGES])
    more = "; …" if len(faults) > NAMED_IMAGES else ""
    return CustomerError(
        f"{len(faults)} of {len(images)} images in the {channel} channel cannot be used. {named}{more}"
    )


def memory_share_bytes() -> int:
    """Return how much memory one channel's pixels may take."""
    size_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = Path("/sys/fs/cgroup/memory.max")  # the container's own limit, if it has one
    if limit.is_file() and (text := limit.read_text(encoding="ascii").strip()).isdecimal():
        size_bytes = min(size_bytes, int(text))
    return int(MEMORY_SHARE * size_bytes)


def channel_statistics(dataset: Dataset) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return mean and standard deviation of each color channel over the first STATISTICS_IMAGES images, in 0..255."""
    images = [dataset.image(index) for index in range(min(len(dataset), STATISTICS_IMAGES))]
    pixels = np.concatenate([image.reshape(-1, image.shape[2]) for image in images])
    return pixels.mean(0), pixels.std(0)
