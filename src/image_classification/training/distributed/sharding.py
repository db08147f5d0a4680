"""Which images are whose, where several hosts train on them."""

import numpy as np

from image_classification.configuration import read_config
from image_classification.data.dataset import LabeledImages
from image_classification.data.image_sources import ImageFiles
from image_classification.failure import CustomerError
from image_classification.paths import ContainerPaths
from image_classification.training.distributed.world import World


def is_sharded(paths: ContainerPaths, channel: str) -> bool:
    return bool(read_config(paths.input_data_config)[channel].get("S3DistributionType") == "ShardedByS3Key")


def own_images(examples: LabeledImages, channel: str, world: World) -> LabeledImages:
    """Of a manifest of all images, those that came to this host. Raises CustomerError for any that nobody has."""
    files = examples.images
    if not isinstance(files, ImageFiles):  # RecordIO: what is in this host's files is this host's
        return examples
    here = [index for index in range(len(files)) if (files.folder / files.name(index)).is_file()]
    (found,) = world.total(len(here) / world.hosts.processes)
    if round(found) < len(files):
        raise CustomerError(
            f"{len(files) - round(found)} of {len(files)} images in the {channel} channel cannot be used. "
            "The manifest lists them, but no host received them."
        )
    names = tuple(files.name(index) for index in here)
    return LabeledImages(ImageFiles(files.folder, names), examples.labels[np.array(here, dtype=np.int64)])


def images_of_all(count: int, sharded: bool, world: World) -> int:
    """How many there are on all hosts together. Raises CustomerError on a host of a sharded channel that has none."""
    if not sharded:
        return count
    (everywhere,) = world.total(count / world.hosts.processes)
    return round(everywhere)
