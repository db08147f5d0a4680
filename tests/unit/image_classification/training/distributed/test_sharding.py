import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from image_classification.data.dataset import LabeledImages
from image_classification.data.image_sources import ImageFiles
from image_classification.data.labels import one_hot
from image_classification.failure import CustomerError
from image_classification.paths import ContainerPaths
from image_classification.training.distributed.hosts import Hosts
from image_classification.training.distributed.sharding import images_of_all, is_sharded, own_images
from image_classification.training.distributed.world import ALONE, World


@dataclass(frozen=True)
class OtherHosts:
    """A world whose other processes add `others` to each sum."""

    others: float
    hosts: Hosts

    def total(self, *values: float) -> list[float]:
        return [value + self.others for value in values]


def world(others: float, processes: int = 1) -> World:
    return cast(World, OtherHosts(others, Hosts(("algo-1", "algo-2"), processes=processes)))


@pytest.fixture
def examples(tmp_path: Path) -> LabeledImages:
    """Three listed images, of which this host has the first and the last."""
    for name in ("0.png", "2.png"):
        (tmp_path / name).touch()
    return LabeledImages(ImageFiles(tmp_path, ("0.png", "1.png", "2.png")), one_hot([0, 1, 1], 2))


def test_a_host_keeps_the_images_that_it_received(examples: LabeledImages) -> None:
    own = own_images(examples, "train", world(others=1))
    assert [own.images.name(index) for index in range(len(own.images))] == ["0.png", "2.png"]
    assert own.labels.argmax(1).tolist() == [0, 1]


def test_an_image_that_no_host_received_is_a_client_error(examples: LabeledImages) -> None:
    with pytest.raises(CustomerError, match="1 of 3 images in the train channel cannot be used"):
        own_images(examples, "train", world(others=0))


def test_the_processes_of_a_host_count_its_images_once(examples: LabeledImages) -> None:
    assert len(own_images(examples, "train", world(others=2, processes=2)).labels) == 2
    assert images_of_all(2, True, world(others=2, processes=2)) == 3


def test_hosts_of_a_replicated_channel_have_the_same_images() -> None:
    assert images_of_all(3, False, ALONE) == 3


def test_the_distribution_type_says_whether_a_channel_is_sharded(tmp_path: Path) -> None:
    paths = ContainerPaths(tmp_path)
    paths.input_data_config.parent.mkdir(parents=True)
    channels = {
        "train": {"S3DistributionType": "ShardedByS3Key"},
        "validation": {"S3DistributionType": "FullyReplicated"},
    }
    paths.input_data_config.write_text(json.dumps({**channels, "train_lst": {}}))
    assert [is_sharded(paths, name) for name in ("train", "validation", "train_lst")] == [True, False, False]
