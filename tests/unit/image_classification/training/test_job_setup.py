import pytest

from image_classification.failure import CustomerError
from image_classification.hyperparameters import Hyperparameters
from image_classification.training.distributed.hosts import Hosts
from image_classification.training.distributed.world import World
from image_classification.training.job_setup import BatchSizes


def sizes(mini_batch_size: int, samples: int, hosts: int, processes: int) -> BatchSizes:
    hyperparameters = Hyperparameters(
        num_classes=2, num_training_samples=samples, mini_batch_size=mini_batch_size, image_shape=(3, 32, 32)
    )
    names = tuple(f"algo-{number}" for number in range(1, hosts + 1))
    return BatchSizes.of(hyperparameters, World(Hosts(names, processes=processes)))


@pytest.mark.parametrize(
    ("mini_batch_size", "samples", "hosts", "processes", "expected"),
    [
        (32, 1000, 1, 1, BatchSizes(32, 32, 32, 31)),
        (32, 1000, 2, 1, BatchSizes(32, 32, 64, 15)),
        (32, 1000, 1, 4, BatchSizes(8, 32, 32, 31)),
        (32, 1000, 2, 3, BatchSizes(10, 30, 60, 16)),  # a multiple of the processes
        (32, 64, 2, 1, BatchSizes(32, 32, 64, 1)),
    ],
)
def test_the_processes_of_a_host_divide_its_batch_and_hosts_multiply_it(
    mini_batch_size: int, samples: int, hosts: int, processes: int, expected: BatchSizes
) -> None:
    assert sizes(mini_batch_size, samples, hosts, processes) == expected


@pytest.mark.parametrize(("mini_batch_size", "samples", "hosts", "processes"), [(3, 1000, 1, 4), (32, 63, 2, 1)])
def test_a_batch_that_cannot_be_filled_is_a_client_error(
    mini_batch_size: int, samples: int, hosts: int, processes: int
) -> None:
    with pytest.raises(
        CustomerError, match=f"It is {mini_batch_size}, for each of {hosts} hosts with {processes} processes"
    ):
        sizes(mini_batch_size, samples, hosts, processes)
