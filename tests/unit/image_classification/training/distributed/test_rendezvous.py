import socket

import pytest

from image_classification.failure import AlgorithmError, PlatformError
from image_classification.training.distributed.hosts import Hosts
from image_classification.training.distributed.rendezvous import backend_for, is_listening, join, wait

MISSING = "algo-2 did not come"


def test_waiting_ends_when_the_condition_holds() -> None:
    answers = iter([False, True])
    wait(lambda: next(answers), lambda: False, lambda: MISSING)


def test_a_request_to_stop_ends_the_wait() -> None:
    with pytest.raises(AlgorithmError, match="The job was stopped before its hosts had met: algo-2 did not come"):
        wait(lambda: False, lambda: True, lambda: MISSING)


def test_a_host_that_never_comes_is_a_platform_error() -> None:
    with pytest.raises(PlatformError, match=r"have not met: algo-2 did not come within 0\.01 s"):
        wait(lambda: False, lambda: False, lambda: MISSING, timeout_s=0.01)


def test_a_single_process_joins_nobody() -> None:
    world = join(Hosts(), None, lambda: False, gpu=None)
    assert (world.size, world.store, world.is_first) == (1, None, True)


@pytest.mark.parametrize(
    ("gpus", "backend"),
    [
        (["GPU-1", "GPU-2"], "cpu:gloo,cuda:nccl"),
        (["GPU-1", "GPU-1"], "gloo"),
        (["GPU-1", "GPU-2", "GPU-1"], "gloo"),
        (["none", "none"], "gloo"),
        (["GPU-1", "none"], "gloo"),
    ],
)
def test_nccl_joins_processes_only_if_each_has_a_gpu_of_its_own(gpus: list[str], backend: str) -> None:
    assert backend_for(gpus) == backend


def test_a_host_listens_or_does_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        hosts = Hosts(port=server.getsockname()[1])
        assert is_listening(hosts)
    assert not is_listening(hosts)
