"""A channel's images and labels, read and checked once; the pixels are kept while they fit in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from image_classification.augmentation import Augmentation
from image_classification.failure import CustomerError
from image_classification.images import Pixels, Preparation, UnreadableImageError
from image_classification.manifest import ManifestEntry, read_manifest

Labels = npt.NDArray[np.float32]  # images, classes: one-hot, or any number of ones where a job is multi-label
MEMORY_LIMIT_BYTES = 1 << 30
NAMED_IMAGES = 5


@dataclass(frozen=True)
class Dataset:
    channel: str
    paths: tuple[Path, ...]
    labels: Labels
    preparation: Preparation
    pixels: tuple[Pixels, ...] | None  # None: decoded at each use, as they would not fit in memory

    def __len__(self) -> int:
        return len(self.paths)

    def image(self, index: int) -> Pixels:
        if self.pixels is not None:
            return self.pixels[index]
        return self.preparation.decoded(self.paths[index].read_bytes())

    def augmented(
        self, indices: npt.NDArray[np.int64], augment: Augmentation, generator: np.random.Generator
    ) -> Pixels:
        """Images, height, width, channels."""
        return np.stack([augment(self.image(int(index)), generator) for index in indices])

    def batches(self, size: int) -> Iterator[tuple[Pixels, Labels]]:
        """Every image once, in order, centre-cropped; the last batch may be smaller."""
        for start in range(0, len(self), size):
            indices = range(start, min(start + size, len(self)))
            yield (
                np.stack([self.preparation.centre_crop(self.image(index)) for index in indices]),
                self.labels[start : start + size],
            )


def load_dataset(
    images: Path, manifest: Path, channel: str, preparation: Preparation, num_classes: int, multi_label: bool
) -> Dataset:
    """Raises CustomerError for a broken manifest, a wrong label, and images that are missing, broken or too small."""
    entries = read_manifest(manifest, f"{channel}_lst", num_classes if multi_label else 1)
    labels = multi_hot(entries, channel) if multi_label else one_hot(entries, channel, num_classes)
    paths = tuple(images / entry.path for entry in entries)
    return Dataset(channel, paths, labels, preparation, decoded_images(paths, channel, preparation))


def one_hot(entries: list[ManifestEntry], channel: str, num_classes: int) -> Labels:
    for entry in entries:
        if entry.labels[0] not in range(num_classes):
            raise CustomerError(
                f"Invalid lst file in the {channel}_lst channel. The label {entry.labels[0]:g} of {entry.path} "
                f"is not one of 0 to {num_classes - 1}: num_classes is {num_classes}."
            )
    return np.eye(num_classes, dtype=np.float32)[[int(entry.labels[0]) for entry in entries]]


def multi_hot(entries: list[ManifestEntry], channel: str) -> Labels:
    labels = np.array([entry.labels for entry in entries], dtype=np.float32)
    if not np.isin(labels, (0, 1)).all():
        raise CustomerError(f"Invalid lst file in the {channel}_lst channel. A multi_label job's labels are 0 or 1.")
    return labels


def decoded_images(paths: tuple[Path, ...], channel: str, preparation: Preparation) -> tuple[Pixels, ...] | None:
    """Reads every image, so that a broken one stops the job before the first epoch and not in the middle of one."""
    pixels: list[Pixels] = []
    faults: list[str] = []
    size_bytes = 0
    for path in paths:
        try:
            image = preparation.decoded(path.read_bytes())
            if not preparation.fits(image):
                raise UnreadableImageError(too_small(image, preparation))
        except (UnreadableImageError, OSError) as error:
            faults.append(f"{path.name}: {fault(error)}")
            continue
        size_bytes += image.nbytes
        if size_bytes <= MEMORY_LIMIT_BYTES:
            pixels.append(image)
    if faults:
        raise broken_images(faults, len(paths), channel)
    return tuple(pixels) if size_bytes <= MEMORY_LIMIT_BYTES else None


def too_small(image: Pixels, preparation: Preparation) -> str:
    size, needed = f"{image.shape[1]} x {image.shape[0]}", f"{preparation.width} x {preparation.height}"
    return f"it is {size} pixels, smaller than the image_shape's {needed}"


def fault(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "the manifest lists it, but the channel does not have it"
    return str(error)


def broken_images(faults: list[str], count: int, channel: str) -> CustomerError:
    named = "; ".join(faults[:NAMED_IMAGES]) + ("; …" if len(faults) > NAMED_IMAGES else "")
    return CustomerError(f"{len(faults)} of {count} images in the {channel} channel cannot be used. {named}")
