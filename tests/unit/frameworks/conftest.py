"""Training containers of framework images: their /opt/ml in a folder, and the program that runs in them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from frameworks.contract.paths import ContainerPaths
from frameworks.training.command import main

ONE_HOST = {
    "current_host": "algo-1",
    "current_instance_type": "ml.m5.large",
    "current_group_name": "homogeneousCluster",
    "hosts": ["algo-1"],
    "instance_groups": [
        {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large", "hosts": ["algo-1"]}
    ],
    "network_interface_name": "eth0",
}


class Container:
    """The folder of one training container, with its configuration, its source and its home."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.paths = ContainerPaths(base)
        self.home = base / "home"
        self.home.mkdir(parents=True)
        for folder in (self.paths.model, self.paths.output_data, self.paths.configuration):
            folder.mkdir(parents=True)
        self.configure({})
        self.write("inputdataconfig", {})
        self.write("resourceconfig", ONE_HOST)

    def write(self, name: str, document: Mapping[str, Any]) -> None:
        (self.paths.configuration / f"{name}.json").write_text(json.dumps(document))

    def configure(self, hyperparameters: Mapping[str, Any], **toolkit: str) -> None:
        """Set hyperparameters, JSON-encoded as the SDK does it, and parameters of the toolkit: `program="train.py"`."""
        parameters = {f"sagemaker_{name}": value for name, value in toolkit.items()}
        encoded = {name: json.dumps(value) for name, value in {**hyperparameters, **parameters}.items()}
        self.write("hyperparameters", encoded)

    def source(self, files: Mapping[str, str], program: str = "train.py", **hyperparameters: Any) -> None:
        """Put a source archive into the channel `code`, as the SDK does it for jobs without network."""
        folder = self.base / "source"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        archive = self.paths.channel("code") / "sourcedir.tar.gz"
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(folder, ".")
        self.configure(hyperparameters, program=program, submit_directory=str(archive))

    def started(self, framework: str = "scikit-learn", **variables: str) -> subprocess.Popen[str]:
        """Start the program as the platform does, in a process of its own."""
        environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(self.base), "HOME": str(self.home), **variables}
        return subprocess.Popen(
            [sys.executable, "-m", "frameworks", framework, "train"],
            cwd=self.base,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def failure(self) -> str:
        return self.paths.failure.read_text()

    def model(self, name: str) -> Any:
        """Return the content of a JSON file that the script wrote."""
        return json.loads((self.paths.model / name).read_text())


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path / "ml")


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """Run `train` in this process, which is quicker than a program of its own; return the exit code."""
    handler = signal.getsignal(signal.SIGTERM)

    def run(container: Container, framework: str = "scikit-learn", **variables: str) -> int:
        monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(container.base))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return main(framework)

    yield run
    signal.signal(signal.SIGTERM, handler)
