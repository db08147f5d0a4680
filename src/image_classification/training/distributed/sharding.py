"""The images of each host when SageMaker shards a channel, giving every host a part of its files."""

import numpy as np

from image_classification.configuration import read_config
from image_classification.data.dataset import LabeledImages
from image_classification.data.image_sources import ImageFiles
from image_classification.failure import CustomerError
from image_classification.paths import ContainerPaths
from image_classification.training.distributed.world import World


def is_sharded(paths: ContainerPaths, channel: str) -> bool:
    """Return whether each host received other images of the channel."""
    return bool(read_config(paths.input_data_config)[channel].get("S3DistributionType") == "ShardedByS3Key")


def own_images(examples: LabeledImages, channel: str, world: World) -> LabeledImages:
    """Return the listed images that this host received. Raises CustomerError if no host received some of them.

    The manifest lists the images of all hosts. A collective: every process must call it.
    """
    files = examples.images
    if not isinstance(files, ImageFiles):  # RecordIO: the files themselves are sharded
        return examples
    received = [index for index in range(len(files)) if (files.folder / files.name(index)).is_file()]
    # All processes of a host count the same files, so each adds its part of the host's count.
    (received_by_all,) = world.total(len(received) / world.hosts.processes)
    if round(received_by_all) < len(files):
        raise CustomerError(
            f"{len(files) - round(received_by_all)} of {len(files)} images in the {channel} channel cannot be used. "
            "The manifest lists them, but no host received them."
        )
    names = tuple(files.name(index) for index in received)
    return LabeledImages(ImageFiles(files.folder, names), examples.labels[np.array(received, dtype=np.int64)])


def images_of_all(count: int, sharded: bool, world: World) -> int:
    """Return how many images all hosts have together, if this host has `count`. In a sharded channel, a collective."""
    if not sharded:
        return count
    (total,) = world.total(count / world.hosts.processes)
    return round(total)
