import json

import pytest
import torch
from torch._C._distributed_c10d import HashStore

from image_classification.failure import AlgorithmError, ContainerError, CustomerError
from image_classification.training.distributed.hosts import Hosts
from image_classification.training.distributed.world import ALONE, Share, World

NAMES = ("algo-1", "algo-2", "algo-3")
BROKEN = RuntimeError("Connection closed by peer\nmore")


def world(current: str = "algo-2", processes: int = 1) -> World:
    return World(Hosts(NAMES, current, process=processes - 1, processes=processes), HashStore())


def error_in(world: World) -> ContainerError:
    """Return the error that a process reports when a collective fails in it."""
    with pytest.raises(ContainerError) as error, world._naming_lost_processes():
        raise BROKEN
    return error.value


def test_a_single_process_needs_no_process_group() -> None:
    weights = [torch.ones(2)]
    ALONE.average(weights)
    ALONE.take_from_first(weights)
    assert (ALONE.total(1, 2), weights[0].tolist()) == ([1, 2], [1, 1])


def test_processes_share_a_replicated_channel_and_the_processes_of_a_host_a_sharded_one() -> None:
    second_of_two = world("algo-2", processes=2)
    assert second_of_two.share(is_sharded=False) == Share(3, 6)
    assert second_of_two.share(is_sharded=True) == Share(1, 2)


def test_tensors_travel_as_one_message_and_return_to_their_places() -> None:
    tensors = [torch.zeros(2, 3), torch.zeros(()), torch.zeros(4)]
    World._split_into(torch.arange(11.0), tensors)
    assert [tensor.tolist() for tensor in tensors] == [[[0, 1, 2], [3, 4, 5]], 6, [7, 8, 9, 10]]


def test_a_process_that_fails_tells_the_others_why() -> None:
    store = HashStore()
    World(Hosts(NAMES, "algo-3"), store).announce(CustomerError("7.png is broken"), store)
    error = error_in(World(Hosts(NAMES, "algo-2"), store))
    assert isinstance(error, CustomerError)
    assert str(error) == "algo-3 failed: 7.png is broken"


def test_only_the_first_failure_is_reported_to_the_others() -> None:
    store = HashStore()
    World(Hosts(NAMES, "algo-3"), store).announce(CustomerError("first"), store)
    World(Hosts(NAMES, "algo-2"), store).announce(AlgorithmError("second"), store)
    assert json.loads(store.get("failure"))["message"] == "first"


def test_a_process_that_leaves_without_a_reason_is_reported_as_lost() -> None:
    error = error_in(world("algo-2"))
    assert isinstance(error, AlgorithmError)
    assert str(error) == ("algo-1 or algo-3 was lost: it ended, or cannot be reached (Connection closed by peer)")


class Unreachable(HashStore):
    def check(self, keys: list[str]) -> bool:
        raise RuntimeError("Broken pipe")


def test_if_the_store_is_gone_the_first_process_is_reported_as_lost() -> None:
    assert str(error_in(World(Hosts(NAMES, "algo-2"), Unreachable()))).startswith("algo-1 was lost: ")
