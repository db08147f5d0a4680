"""A Docker that restarts: a container that it ended is not the program's fault, and one that lived on is watched on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from sagemaker_emulator.engine import ContainerSpec
from sagemaker_emulator.engine.docker import container as docker_container
from sagemaker_emulator.engine.docker.container import KILLED, DockerContainer


class RestartedDocker:
    """Docker's view of one container: the first wait breaks off, then the container has a status and an exit code."""

    def __init__(self, status: str, code: int) -> None:
        self.status, self._code, self._waits = status, code, 0
        self.attrs = {"State": {"OOMKilled": False, "Error": ""}}

    def wait(self, timeout: float | None) -> dict[str, int]:
        self._waits += 1
        if self._waits == 1:
            raise requests.ConnectionError("Docker went away")
        return {"StatusCode": self._code}

    def reload(self) -> None:
        pass

    def logs(self, **_: Any) -> list[bytes]:
        return []

    def remove(self, **_: Any) -> None:
        pass

    def stop(self, timeout: int) -> None:
        pass


def ended(docker: RestartedDocker, monkeypatch: pytest.MonkeyPatch) -> DockerContainer:
    monkeypatch.setattr(docker_container, "RETRY_S", 0.0)
    monkeypatch.setattr(docker_container, "READ_OUT_S", 0.0)
    container = DockerContainer(docker, ContainerSpec("job", "image", "train", Path("/nowhere")), "1 GiB")
    container.watch()
    assert container.wait(60) is not None
    return container


@pytest.mark.parametrize("code", [0, 137, 143])
def test_a_container_that_ended_with_docker_is_the_platforms_fault(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    container = ended(RestartedDocker("exited", code), monkeypatch)
    assert container.wait() == KILLED
    assert f"Docker was restarted, which ended the container (exit code {code})" in container.platform_fault


def test_a_container_that_outlived_docker_ends_as_its_program_did(monkeypatch: pytest.MonkeyPatch) -> None:
    container = ended(RestartedDocker("running", 3), monkeypatch)
    assert (container.wait(), container.platform_fault) == (3, "")
