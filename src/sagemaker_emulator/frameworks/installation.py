"""One installation: choose Python and versions, make the environment, install, and import the framework once.

Every step reports to `say`, at least once a second, with the seconds since the start. A job shows these lines in its
status and its log. If `say` raises, the installation ends, and nothing of it counts.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sagemaker_emulator.frameworks.choice import Choice, Chooser, NotAvailable
from sagemaker_emulator.frameworks.image_names import FrameworkImage
from sagemaker_emulator.frameworks.requirements import FOR_GPUS, Requirements
from sagemaker_emulator.frameworks.uv import Uv, UvError, run_watched

NO_SPACE = ("No space left on device", "os error 28")
CERTIFICATE = ("ertificate", "UnknownIssuer")

Say = Callable[[str], None]


class InstallationFailed(Exception):
    """The environment could not be made; the text says why, and what helps."""


@dataclass
class Progress:
    """Turns the lines of uv into lines for a person. `step` is what is being done."""

    image: FrameworkImage
    say: Say
    step: str = ""
    started: float = field(default_factory=time.monotonic)

    def begin(self, step: str) -> None:
        self.step = step
        self("")

    def __call__(self, line: str) -> None:
        detail = f": {line}" if line else ""
        self.say(f"Installing {self.image}, {time.monotonic() - self.started:.0f} s, {self.step}{detail}")


@dataclass(frozen=True)
class Installation:
    uv: Uv
    image: FrameworkImage
    requirements: Requirements
    is_on_gpu: bool
    progress: Progress

    def run(self, folder: Path, may_be_nearest: bool) -> dict[str, Any]:
        """Make the environment in `folder`; return its record. Raises InstallationFailed."""
        try:
            self.progress.begin("choosing versions")
            choice = self._chosen(may_be_nearest)
            self.uv.run("venv", "--python", choice.python.path, str(folder), tick=self.progress)
            self._install(folder, choice)
            self._import(folder)
            return {
                "image": str(self.image),
                "python": f"3.{choice.python.minor}",
                "packages": self._packages(folder),
                "notes": list(choice.notes),
            }
        except NotAvailable as error:
            raise InstallationFailed(f"{self.image} cannot be installed: {error}.") from error
        except UvError as error:
            raise InstallationFailed(f"{self.image} cannot be installed: {_advice(str(error))}\n{error}") from error

    def _chosen(self, may_be_nearest: bool) -> Choice:
        chooser = Chooser(self.uv, self.image, self.requirements, self.is_on_gpu, self.progress)
        return chooser.choose(may_be_nearest)

    def _install(self, folder: Path, choice: Choice) -> None:
        into = ("pip", "install", "--no-build", "--python", str(folder / "bin" / "python"))
        if self.requirements.needs_torch:  # alone, because torch's index has only some versions of other packages
            self.progress.begin("installing torch")
            torch = [pin for pin in choice.pins if pin.startswith("torch==")]
            lines = [*torch, *choice.with_torch]
            self.uv.run(*into, "--no-deps", *choice.torch_options, *lines, tick=self.progress)
        self.progress.begin("installing")
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as overrides:
            overrides.writelines(f"{name}; sys_platform == 'never'\n" for name in FOR_GPUS if not self.is_on_gpu)
            overrides.flush()
            lines = [*choice.pins, *choice.with_torch, *self.requirements.beside]
            self.uv.run(*into, "--override", overrides.name, *lines, tick=self.progress)

    def _import(self, folder: Path) -> None:
        """Import the framework once, which shows that it works, and writes its bytecode for the first job."""
        self.progress.begin(f"importing {self.requirements.module} for the first time")
        program = f"import numpy, pandas, boto3, {self.requirements.module}"
        command = [str(folder / "bin" / "python"), "-I", "-c", program]
        output, lines = run_watched(command, self.uv.environment, lambda _: self.progress(""))
        if output is None:
            raise UvError("\n".join(f"  {line}" for line in lines[-3:]))

    def _packages(self, folder: Path) -> dict[str, str]:
        python = str(folder / "bin" / "python")
        listed = self.uv.run("pip", "list", "--python", python, "--format", "json", tick=self.progress)
        return {one["name"]: one["version"] for one in json.loads(listed)}


def size_bytes(folder: Path) -> int:
    """Return the size of a folder's files, as du counts them: hard links to uv's cache are counted, too."""
    ended = subprocess.run(["du", "-sk", str(folder)], capture_output=True, text=True, check=False)
    return int(ended.stdout.split()[0]) * 1024 if ended.returncode == 0 else 0


def _advice(output: str) -> str:
    if _has(output, NO_SPACE):
        return "the disk is full. Free some space, or set XDG_CACHE_HOME to a folder on another disk."
    if _has(output, CERTIFICATE):
        return (
            "the package index has a certificate that is not trusted here. Set SSL_CERT_FILE to the file of your "
            "company's certificate authority."
        )
    return "uv failed. Check the network, the proxy (HTTPS_PROXY) and the index (PIP_INDEX_URL)."


def _has(output: str, words: Sequence[str]) -> bool:
    return any(word in output for word in words)
