"""The programs that create environments: uv if it is installed, otherwise Python's venv and pip."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from scones_unlimited.errors import InstallationError
from scones_unlimited.package_sources import pip_environment, uv_environment

LINES_SHOWN = 15
NO_SPACE = "No space left on device"


class Installer(Protocol):
    def make(self, folder: Path) -> None:
        """Create an empty virtual environment of this Python."""

    def install(self, folder: Path, arguments: Sequence[str]) -> None:
        """Install into the environment what `pip install` installs with these arguments."""


def base_python() -> str:
    """Return the Python below the environment of this process, which may be a temporary one of uvx."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable) or sys.executable)


@dataclass(frozen=True)
class Uv:
    program: str
    environment: Mapping[str, str] = field(default_factory=uv_environment)

    def make(self, folder: Path) -> None:
        self._run("venv", "--python", base_python(), str(folder))

    def install(self, folder: Path, arguments: Sequence[str]) -> None:
        self._run("pip", "install", "--python", str(folder / "bin" / "python"), *arguments)

    def _run(self, *arguments: str) -> None:
        # VIRTUAL_ENV belongs to the user's own project
        environment = {name: value for name, value in self.environment.items() if name != "VIRTUAL_ENV"}
        run([self.program, "--quiet", "--no-progress", *arguments], environment)


@dataclass(frozen=True)
class Pip:
    environment: Mapping[str, str] = field(default_factory=pip_environment)

    def make(self, folder: Path) -> None:
        run([base_python(), "-m", "venv", str(folder)], self.environment)

    def install(self, folder: Path, arguments: Sequence[str]) -> None:
        options = ("--quiet", "--disable-pip-version-check", "--no-input")
        run([str(folder / "bin" / "python"), "-m", "pip", "install", *options, *arguments], self.environment)


def installer(environment: Mapping[str, str] = os.environ) -> Installer:
    """Return uv if there is one (named by UV if it runs this process, beside this Python, or on the PATH), else pip."""
    beside = Path(sys.executable).with_name("uv")
    candidates = (environment.get("UV"), str(beside) if beside.is_file() else None, shutil.which("uv"))
    program = next((candidate for candidate in candidates if candidate), None)
    return Uv(program) if program else Pip()


def run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a command; raise InstallationError, with its last lines and advice, if it fails."""
    try:
        ended = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
    except OSError as error:
        raise InstallationError(f"{command[0]} cannot be run: {error.strerror}") from error
    if ended.returncode:
        output = ended.stdout + ended.stderr
        lines = "\n".join(f"  {line}" for line in output.strip().splitlines()[-LINES_SHOWN:])
        raise InstallationError(f"{_advice(output)}\n{lines}\n  (of: {' '.join(command)})")


def _advice(output: str) -> str:
    if NO_SPACE in output or "os error 28" in output:
        return "the disk is full. Free some space, or set XDG_CACHE_HOME to a folder on another disk, and try again"
    if "ensurepip" in output:
        return "this Python has no venv. Install it (Debian, Ubuntu: apt install python3-venv), or install uv"
    if "ertificate" in output or "UnknownIssuer" in output:
        return (
            "the package index has a certificate that is not trusted here. Set SSL_CERT_FILE (or PIP_CERT) to the file "
            "of your company's certificate authority, and try again"
        )
    return "packages could not be installed. Check the network, the proxy (HTTPS_PROXY) and the index (PIP_INDEX_URL)"
