"""Each checkout has a Compose project of its own, and `make compose-up` names who holds a port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 120


@pytest.fixture(autouse=True)
def _needs_docker(engine: Any) -> None:
    """Skip the tests where there is no engine."""


def checkout(folder: Path) -> Path:
    """Return a folder with what Compose reads of a checkout."""
    shutil.copytree(ROOT / "docker", folder / "docker")
    shutil.copy(ROOT / "docker-compose.yml", folder)
    return folder


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "COMPOSE_PROJECT_NAME"}
    return subprocess.run(
        command, cwd=folder, env={**inherited, **environment}, capture_output=True, text=True, timeout=TIMEOUT_S
    )


def named(folder: Path) -> str:
    """Give the checkout its name, and return the project that a bare `docker compose` uses there."""
    run(folder, "bash", "-euc", ". docker/project; name_project")
    first, *_ = run(folder, "docker", "compose", "config").stdout.splitlines()
    return first


def test_two_checkouts_in_folders_of_one_name_have_two_projects(tmp_path: Path) -> None:
    first, second = (checkout(tmp_path / name / "scones") for name in ("a", "b"))
    assert named(first).startswith("name: scones-")
    assert named(first) == named(first) != named(second)


def test_a_copied_checkout_gets_a_project_of_its_own(tmp_path: Path) -> None:
    first = checkout(tmp_path / "first")
    name = named(first)
    shutil.copytree(first, tmp_path / "copy")
    assert named(tmp_path / "copy") != name


def test_a_name_that_the_person_chose_is_kept(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "own")
    (folder / ".env").write_text("COMPOSE_PROJECT_NAME=mine\n")
    assert named(folder) == "name: mine"


def test_compose_alone_calls_the_project_and_its_network_after_the_folder(tmp_path: Path) -> None:
    configuration = run(checkout(tmp_path / "second-clone"), "docker", "compose", "config").stdout
    assert configuration.startswith("name: second-clone\n")
    assert "SAGEMAKER_EMULATOR_DOCKER_NETWORK: second-clone_cloud" in configuration


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield str(listener.getsockname()[1])


def test_a_taken_port_is_one_line_that_names_the_process(tmp_path: Path, taken: str) -> None:
    refused = run(checkout(tmp_path / "new"), "docker/up", "--no-build", SCONES_SAGEMAKER_PORT=taken)
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert f"port {taken} is in use by " in line
    assert str(os.getpid()) in line or "a process of this machine" in line
    assert "export SCONES_SAGEMAKER_PORT=<port>" in line


def test_a_port_of_another_checkout_is_one_line_that_names_it(tmp_path: Path, engine: Any, image: str) -> None:
    labels = {"com.docker.compose.project": "other", "com.docker.compose.project.working_dir": "/srv/other"}
    holder = engine.containers.run(image, "serve", detach=True, labels=labels, ports={"8080/tcp": ("127.0.0.1", None)})
    try:
        holder.reload()
        port = holder.attrs["NetworkSettings"]["Ports"]["8080/tcp"][0]["HostPort"]
        refused = run(checkout(tmp_path / "new"), "docker/up", "--no-build", SCONES_LOCALSTACK_PORT=port)
    finally:
        holder.remove(force=True)
    (line,) = refused.stderr.splitlines()
    assert f"container {holder.name} of the Compose project other in /srv/other" in line
