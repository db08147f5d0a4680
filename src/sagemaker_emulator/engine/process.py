"""The process engine: the kit's own algorithm as child processes, with SAGEMAKER_BASE_DIR as their /opt/ml."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sagemaker_emulator.engine import ContainerSpec, EngineError
from sagemaker_emulator.engine.orphans import end_labelled
from sagemaker_emulator.engine.ports import FreePorts

IMAGE_CLASSIFICATION = re.compile(r"(?:[^/]+/)?image-classification(?:[:@].+)?")
LABEL = "SAGEMAKER_EMULATOR_INSTANCE"
OPT_ML = re.compile(r"(?<![^=:,])/opt/ml(?=/|$)")
PYTHONS = ("python", "python3")
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "SCONES_LOCAL_CLOUD", "VIRTUAL_ENV")


@dataclass
class ProcessContainer:
    """A child process in the place of a container's first process."""

    process: subprocess.Popen[str]
    port: int | None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def lines(self) -> Iterator[str]:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                yield line.rstrip("\n")

    def wait(self, timeout_s: float | None = None) -> int | None:
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, grace_s: float) -> int:
        if self.process.poll() is None:
            _signal_group(self.process.pid, signal.SIGTERM)
        code = self.wait(grace_s)
        _signal_group(self.process.pid, signal.SIGKILL)  # also the rest of its process group
        return self.process.wait() if code is None else code

    def leave(self) -> None:
        raise EngineError("A child process does not outlive the emulator")


@dataclass(frozen=True)
class ProcessEngine:
    """Runs the kit's program for every image of the algorithm, and `own_images`; other images need Docker.

    A child process has no /opt/ml of its own. SAGEMAKER_BASE_DIR names its folder, and paths below /opt/ml in its
    entrypoint, arguments and environment are replaced by paths below that folder.

    It has no network of its own either: all hosts of a job are on loopback, where their host names do not resolve and
    another job could want the same port. PyTorch's MASTER_ADDR and MASTER_PORT tell them where to meet.
    """

    instance: str
    module: str = "image_classification"
    own_images: Mapping[str, list[str]] = field(default_factory=dict)
    containers_outlive_it: bool = False
    ports: FreePorts = field(default_factory=FreePorts)
    master_ports: dict[frozenset[str], int] = field(default_factory=dict)  # by the container names of a job

    def check(self, image: str) -> None:
        self._program(image)

    def start(self, spec: ContainerSpec) -> ProcessContainer:
        try:
            port = self.ports.take() if spec.serves else None
            process = subprocess.Popen(
                self._command_line(spec),
                cwd=spec.base_dir,
                env=self._environment(spec, port),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise EngineError(f"The container {spec.name!r} did not start: {error}") from error
        return ProcessContainer(process, port)

    def find(self, spec: ContainerSpec) -> None:
        """Return None: a process whose output was lost is of no use."""

    def end_orphans(self, kept: Collection[Path] = ()) -> int:
        return end_labelled(LABEL, self.instance)

    def close(self) -> None:
        pass

    def _program(self, image: str) -> list[str]:
        if image in self.own_images:
            return self.own_images[image]
        if IMAGE_CLASSIFICATION.fullmatch(image):
            return [sys.executable, "-m", self.module]
        raise EngineError(
            f"The process engine cannot run the image {image!r}: without Docker only the built-in "
            "image-classification image runs, e.g. 811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1."
        )

    def _command_line(self, spec: ContainerSpec) -> list[str]:
        program = self._program(spec.image)
        if spec.entrypoint:
            first, *rest = spec.entrypoint
            program = [sys.executable if first in PYTHONS else first, *rest]
        command = [spec.command] if spec.command else []
        return [_below(spec.base_dir, word) for word in (*program, *command, *spec.arguments)]

    def _environment(self, spec: ContainerSpec, port: int | None) -> dict[str, str]:
        passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        serving = {"SAGEMAKER_BIND_TO_PORT": str(port), "SAGEMAKER_BIND_TO_HOST": "127.0.0.1"} if port else {}
        return {
            **passed_on,
            "PYTHONUNBUFFERED": "1",
            **self._distributed_environment(spec),
            **{name: _below(spec.base_dir, value) for name, value in spec.environment.items()},
            **serving,
            "SAGEMAKER_BASE_DIR": str(spec.base_dir),
            LABEL: self.instance,
        }

    def _distributed_environment(self, spec: ContainerSpec) -> dict[str, str]:
        """Return where the hosts of a job meet, and this host's share of the cores."""
        if not spec.peers:
            return {}
        port = self.master_ports.setdefault(frozenset((spec.name, *spec.peers.values())), self.ports.take())
        cores = (os.cpu_count() or 1) // (len(spec.peers) + 1)
        return {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": str(max(1, cores))}


def _below(base_dir: Path, text: str) -> str:
    """Replace /opt/ml by `base_dir` in a word, also after `--name=` and in lists."""
    return OPT_ML.sub(lambda _: str(base_dir), text)


def _signal_group(process_id: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process_id, number)


def emulator_id(state_dir: Path) -> str:
    """Return the label of one emulator: its state directory, so that after a restart it recognizes its processes."""
    return str(state_dir.resolve())
