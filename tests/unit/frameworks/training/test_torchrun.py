"""torchrun's arguments: where the processes of a job meet."""

from __future__ import annotations

import pytest

from frameworks.training.torchrun import with_own_place

LOOPBACK = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "20123"}
V2 = "--nnodes 2 --nproc_per_node 1 --master_addr algo-1 --master_port 7777 --node_rank 1 train.py --master_port 9"
V3 = "--nnodes=2 --nproc_per_node=1 --master_addr=algo-1 --master_port=7777 --node_rank=1 train.py --epochs 3"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (V2, V2.replace("--master_addr algo-1 --master_port 7777", "--master_addr=127.0.0.1 --master_port=20123")),
        (V3, V3.replace("algo-1", "127.0.0.1").replace("7777", "20123")),
        ("--master-addr algo-1 train.py", "--master_addr=127.0.0.1 train.py"),
        ("--standalone --nproc_per_node 2 train.py", "--standalone --nproc_per_node 2 train.py"),
        ("--rdzv_endpoint host:1 -m module --master_addr x", "--rdzv_endpoint host:1 -m module --master_addr x"),
    ],
)
def test_hosts_that_share_loopback_meet_where_the_engine_says(given: str, expected: str) -> None:
    assert with_own_place(given.split(), LOOPBACK) == expected.split()


def test_hosts_with_networks_of_their_own_meet_at_the_first() -> None:
    assert with_own_place(V2.split(), {}) == V2.split()


def test_one_host_gets_a_port_that_no_other_job_has() -> None:
    given = ["--nnodes", "1", "--nproc_per_node", "2", "train.py"]
    places = [with_own_place(given, {}) for _ in range(2)]
    assert all(place[:3] == ["--master_addr", "127.0.0.1", "--master_port"] and place[4:] == given for place in places)
    assert all(int(place[3]) > 1023 for place in places)
