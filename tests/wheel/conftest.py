"""The wheel of `make wheel`, and an empty machine: a home without caches, and no environment but the system's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_cloud.ports import free_port

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
PASSED_ON = ("PIP_", "UV_", "SSL_", "REQUESTS_", "HTTP", "CURL_CA_BUNDLE", "LANG")


@dataclass(frozen=True)
class Machine:
    """A person's machine: a home, a folder to work in, and the commands that are run there."""

    home: Path
    environment: dict[str, str]

    @property
    def folder(self) -> Path:
        return self.home / "work"

    def run(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(word) for word in command],
            cwd=self.folder,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def uvx(self, wheel: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `uvx --from <wheel> scones`."""
        python = getattr(sys, "_base_executable", sys.executable)
        return self.run(UV, "tool", "run", "--python", python, "--from", wheel, "scones", *arguments, **variables)


@pytest.fixture(scope="session")
def wheel() -> Path:
    wheels = sorted((ROOT / "dist").glob("*.whl"))
    if len(wheels) != 1:
        pytest.exit(f"{ROOT}/dist has {len(wheels)} wheels: run make wheel")
    return wheels[0]


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Iterator[Machine]:
    home = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    environment = {
        **kept,
        "HOME": str(home),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "SCONES_LOCALSTACK_PORT": str(free_port()),
        "SCONES_SAGEMAKER_PORT": str(free_port()),
    }
    machine = Machine(home, environment)
    machine.folder.mkdir()
    yield machine
    machine.uvx(wheel, "down")
