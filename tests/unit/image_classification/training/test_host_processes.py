"""Jobs of several processes, started as SageMaker starts them."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import onnxruntime
import pytest

from image_classification.training.distributed.rendezvous import COLLECTIVE_TIMEOUT

from ..conftest import CHANNELS, HYPERPARAMETERS, Container

ENDLESS = {**HYPERPARAMETERS, "mini_batch_size": "8", "epochs": "100000"}
TIMEOUT_S, POLL_S = 600, 0.05  # a busy machine may take long
LOST = r"AlgorithmError: algo-1 was lost: it ended, or cannot be reached"


@dataclass
class Cluster:
    """Hosts of one job on this machine. Each has a copy of the container's input."""

    container: Container
    hosts: list[Container] = field(default_factory=list)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add(self, count: int) -> None:
        names = [f"algo-{number}" for number in range(1, count + 1)]
        for name in names:
            base = self.container.base.with_name(name)
            shutil.copytree(self.container.base, base)
            host = object.__new__(Container)
            host.base, host.model = base, base / "model"
            host.write_config("resourceconfig", {"current_host": name, "hosts": names})
            self.hosts.append(host)

    def start(self, **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "image_classification", "train"]
        for host in self.hosts:
            own = {**os.environ, **place, **environment, "SAGEMAKER_BASE_DIR": str(host.base)}
            with (host.base / "log").open("wb") as log:
                self.processes.append(subprocess.Popen(command, env=own, stdout=log, stderr=subprocess.STDOUT))

    def ended(self) -> list[int]:
        return [process.wait(TIMEOUT_S) for process in self.processes]

    def log(self, host: int = 0) -> str:
        return (self.hosts[host].base / "log").read_text()

    def wait_for(self, text: str, host: int = 0) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while text not in self.log(host):
            with suppress(subprocess.TimeoutExpired):
                self.processes[host].wait(POLL_S)
                assert text in self.log(host), f"host {host} ended without it: {self.log(host)}"
            assert time.monotonic() < deadline, f"no {text!r} in the log of host {host}: {self.log(host)}"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    (tmp_path / "input").mkdir()
    cluster = Cluster(Container(tmp_path / "input"))
    yield cluster
    for process in cluster.processes:
        process.kill()
        process.wait()


def accuracies(log: str) -> list[float]:
    return [float(value) for value in re.findall(r"Validation-accuracy=([\d.]+)", log)]


def test_two_hosts_train_one_model_and_the_first_writes_it(cluster: Cluster) -> None:
    cluster.container.configure({**HYPERPARAMETERS, "mini_batch_size": "4", "epochs": "4"})
    cluster.add(2)
    cluster.start()
    assert cluster.ended() == [0, 0], cluster.log() + cluster.log(1)
    assert max(accuracies(cluster.log())) == 1.0
    assert [len(list(host.model.glob("*.params"))) for host in cluster.hosts if host.model.exists()] == [1]
    onnxruntime.InferenceSession(cluster.hosts[0].model / "model.onnx")
    assert not re.search(r"accuracy=|Saved checkpoint|Time cost", cluster.log(1))
    assert cluster.log(1).count("24 images trained here.") == 4  # half of num_training_samples, in each epoch


def test_hosts_with_unequal_shards_train_together(cluster: Cluster) -> None:
    cluster.container.configure({**HYPERPARAMETERS, "mini_batch_size": "4"})
    sharded = {name: {"S3DistributionType": "ShardedByS3Key"} for name in ("train", "validation")}
    cluster.container.write_config("inputdataconfig", {**{name: {} for name in CHANNELS}, **sharded})
    cluster.add(2)
    for channel in sharded:
        for number, image in enumerate(sorted(cluster.container.channel(channel).iterdir())):
            (cluster.hosts[number % 5 == 0].channel(channel) / image.name).unlink()
    cluster.start()
    assert cluster.ended() == [0, 0], cluster.log() + cluster.log(1)
    assert "Images: 48 for training, 12 for validation." in cluster.log()
    assert "This is algo-2, which has 38 and 9 of them." in cluster.log(1)
    assert max(accuracies(cluster.log())) > 0.7


def test_the_processes_of_one_host_share_its_batches(cluster: Cluster) -> None:
    cluster.container.configure({**HYPERPARAMETERS, "mini_batch_size": "8", "epochs": "1"})
    cluster.add(1)
    cluster.start(LOCAL_WORLD_SIZE="2")
    assert cluster.ended() == [0], cluster.log()
    assert "This is algo-1, process 2 of 2, which has 48 and 12 of them." in cluster.log()
    assert "Epoch[0]: 24 images trained here." in cluster.log()
    assert len(accuracies(cluster.log())) == 1


def test_a_host_with_a_bad_image_fails_the_others_with_its_reason(cluster: Cluster) -> None:
    cluster.container.configure(ENDLESS)
    cluster.add(2)
    (cluster.hosts[0].channel("train") / "7.png").write_bytes(b"broken")
    cluster.start()
    assert cluster.ended() == [2, 2], cluster.log() + cluster.log(1)
    own, other = (host.failure for host in cluster.hosts)
    assert own.startswith("ClientError: 1 of 48 images in the train channel cannot be used. 7.png")
    assert other.startswith("ClientError: algo-1 failed: 1 of 48 images in the train channel cannot be used. 7.png")


def test_a_killed_host_fails_the_others_without_waiting_for_a_timeout(cluster: Cluster) -> None:
    cluster.container.configure(ENDLESS)
    cluster.add(2)
    cluster.start()
    cluster.wait_for("Epoch[0]: ", host=1)
    killed = time.monotonic()
    cluster.processes[0].kill()
    assert cluster.ended() == [-signal.SIGKILL, 1]
    assert time.monotonic() - killed < COLLECTIVE_TIMEOUT.total_seconds() / 2
    assert re.match(LOST, cluster.hosts[1].failure)


def test_sigterm_to_one_host_ends_all_hosts_with_the_best_model(cluster: Cluster) -> None:
    cluster.container.configure(ENDLESS)
    cluster.add(2)
    cluster.start()
    cluster.wait_for("Saved checkpoint")
    cluster.processes[1].terminate()
    assert cluster.ended() == [0, 0], cluster.log() + cluster.log(1)
    assert "by request; the best model so far is kept" in cluster.log()
    assert json.loads((cluster.hosts[0].model / "model-shapes.json").read_text())["checkpoint"]


def test_sigterm_ends_the_wait_for_a_missing_host(cluster: Cluster) -> None:
    cluster.add(2)
    del cluster.hosts[1]
    cluster.start()
    cluster.wait_for("Different from AWS")
    cluster.processes[0].terminate()
    assert cluster.ended() == [1]
    assert "The job was stopped before its hosts had met: algo-2 did not come." in cluster.hosts[0].failure
