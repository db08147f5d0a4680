"""The kit for a user who is not root: a new user of this machine, with access to Docker and their own checkout."""

from __future__ import annotations

import io
import json
import os
import pwd
import shutil
import socket
import subprocess
import tarfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[2]
SOCKET = Path("/var/run/docker.sock")
FEW: dict[str, Any] = {"HYPERPARAMETERS": "epochs=2", "IMAGES": "8", "DATASET": "data/sample.tar.gz"}
LIMIT_S = 600


@dataclass(frozen=True)
class Person:
    name: str
    checkout: Path
    ports: dict[str, str]
    groups: tuple[int, ...] = field(default_factory=lambda: (SOCKET.stat().st_gid,))

    def run(self, *command: str, groups: Sequence[int] | None = None, **environment: str) -> str:
        process = self.tried(*command, groups=groups, **environment)
        assert process.returncode == 0, f"{' '.join(command)}:\n{process.stdout[-3000:]}\n{process.stderr[-3000:]}"
        return process.stdout

    def tried(
        self, *command: str, groups: Sequence[int] | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MAKE", "SCONES_"))}
        own = {"HOME": str(self.checkout.parent), "USER": self.name, "LOGNAME": self.name}
        return subprocess.run(
            command,
            cwd=self.checkout,
            env={**kept, **own, **self.ports, "COMPOSE_PROJECT_NAME": f"{self.name}-cloud", **environment},
            user=self.name,
            group=self.name,
            extra_groups=self.groups if groups is None else groups,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )

    @property
    def files_of_others(self) -> list[str]:
        """The files in the checkout that belong to another user."""
        uid = pwd.getpwnam(self.name).pw_uid
        return [str(path) for path in self.checkout.rglob("*") if path.lstat().st_uid != uid]

    @property
    def processes(self) -> list[str]:
        """The command lines of all that runs as this user; an orphan that ended may wait for init to reap it."""
        uid = pwd.getpwnam(self.name).pw_uid
        return [
            f"{process.pid} {' '.join(process.info['cmdline'] or ())}"
            for process in psutil.process_iter(["uids", "status", "cmdline"])
            if process.info["uids"].real == uid and process.info["status"] != psutil.STATUS_ZOMBIE
        ]

    @property
    def summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads((self.checkout / "out/report/summary.json").read_text())
        return summary


@pytest.fixture(scope="module")
def person(engine: Any) -> Iterator[Person]:
    """Create a user in the group of Docker's socket, and set up a checkout of this commit for them."""
    if os.getuid() != 0:
        pytest.skip("only root can make another user")
    name = f"scones-{uuid.uuid4().hex[:6]}"
    subprocess.run(["useradd", "--create-home", "--user-group", name], check=True)
    try:
        home = Path(pwd.getpwnam(name).pw_dir)
        person = Person(name, home / "checkout", ports())
        unpack_into(person)
        person.run("make", "setup", "data/sample.tar.gz")
        yield person
    finally:
        subprocess.run(["userdel", name], check=True)
        shutil.rmtree(home)


def ports() -> dict[str, str]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    names = ("SCONES_LOCALSTACK_PORT", "SCONES_SAGEMAKER_PORT")
    numbers = {name: str(one.getsockname()[1]) for name, one in zip(names, listeners, strict=True)}
    for listener in listeners:
        listener.close()
    return numbers


def unpack_into(person: Person) -> None:
    """Unpack the committed files; git refuses to clone a repository that another user owns."""
    packed = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(person.checkout, filter="data")
    subprocess.run(["chown", "-R", f"{person.name}:{person.name}", person.checkout], check=True)


def beyond_loopback(ports: set[int]) -> list[Any]:
    listening = [one.laddr for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    return [address for address in listening if address.port in ports and not ip_address(address.ip).is_loopback]


def test_the_workflow_runs_on_compose_and_leaves_no_files_of_root(person: Person) -> None:
    person.run("docker", "compose", "config", "--quiet")
    person.run("docker", "compose", "up", "--detach", "--wait", "--no-build")
    try:
        assert beyond_loopback({int(port) for port in person.ports.values()}) == []
        person.run("make", "run", **FEW)
    finally:
        person.run("docker", "compose", "down", "--volumes")
    assert person.summary["executions"]["started"] == person.summary["captured_records"] == 8
    assert person.files_of_others == []


def test_the_workflow_runs_in_local_mode_and_leaves_no_files_of_root(person: Person, engine: Any) -> None:
    person.run("make", "run", AWS_PROFILE="local-mode", ENDPOINT_NAME=person.name, **FEW)
    assert person.summary["executions"]["started"] == person.summary["captured_records"] == 8
    assert person.files_of_others == []
    assert engine.containers.list(all=True, filters={"label": f"sagemaker.endpoint={person.name}"}) == []
    assert person.processes == []


def test_a_user_without_access_to_docker_is_told_what_to_do(person: Person) -> None:
    refused = person.tried("make", "images", groups=())
    assert refused.returncode != 0
    assert f"images: you may not use Docker's socket: run 'sudo usermod -aG docker {person.name}'" in refused.stderr
    refused = person.tried("make", "run", groups=(), AWS_PROFILE="local-mode", **FEW)
    assert (
        "Error: instance type 'local' needs Docker on this machine: you may not use its socket; join" in refused.stderr
    )
