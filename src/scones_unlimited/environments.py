"""The virtual environments of the kit, one for each lock file, in the user's cache."""

import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scones_unlimited.errors import InstallationError
from scones_unlimited.folders import LOCK_FILES
from scones_unlimited.installers import Installer
from scones_unlimited.progress import say, timed

COMPLETE = ".complete"
TORCH = "torch==2.13.0"
# torch's own index has builds without CUDA (200 MB rather than 3 GB)
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
TORCH_INDEX_VARIABLE = "SCONES_TORCH_INDEX"
NEEDED_BYTES = {"kit": 2_000_000_000, "localstack": 500_000_000, "lambda": 100_000_000}
TITLES = {
    "kit": "packages of the kit",
    "localstack": "packages of LocalStack",
    "lambda": "packages of Lambda functions",
}
# Functions cannot write bytecode there, so without it every cold start would compile what it imports.
# The other environments compile at their first use what they import, which is a fifth of LocalStack's files: compiling
# all of them takes half a minute of processor time, much longer than a start without bytecode.
OPTIONS = {"lambda": ("--compile",)}


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the packages of one lock file."""

    name: str
    lock: Path
    folder: Path

    @property
    def is_complete(self) -> bool:
        return (self.folder / COMPLETE).is_file()

    @property
    def packages(self) -> Path:
        return packages_of(self.folder)


def python_tag() -> str:
    """Return the part of a folder's name that names Python and machine, such as cp311-linux-x86_64."""
    version = f"cp{sys.version_info.major}{sys.version_info.minor}"
    return f"{version}-{sys.platform}-{platform.machine()}".lower()


def packages_of(folder: Path) -> Path:
    """Return the folder of packages (site-packages) of a virtual environment of this Python."""
    return folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def environments(cache: Path, files: Path, variables: Mapping[str, str] = os.environ) -> tuple[Environment, ...]:
    """Return the environments of a kit, whether they exist or not."""
    return tuple(_environment(cache, name, files / lock, variables) for name, lock in LOCK_FILES.items())


def _environment(cache: Path, name: str, lock: Path, variables: Mapping[str, str]) -> Environment:
    extra = f"{TORCH} {_torch_index(variables)}" if name == "kit" else ""
    key = hashlib.sha256(lock.read_bytes() + extra.encode()).hexdigest()[:12]
    return Environment(name, lock, cache / "environments" / f"{name}-{key}-{python_tag()}")


def make(environment: Environment, installer: Installer, variables: Mapping[str, str] = os.environ) -> None:
    """Create the environment, unless it is complete. Raises InstallationError."""
    if environment.is_complete:
        return
    _require_space(environment)
    with timed(f"installing the {TITLES[environment.name]}"):
        shutil.rmtree(environment.folder, ignore_errors=True)
        installer.make(environment.folder)
        options = OPTIONS.get(environment.name, ())
        # a lock file lists every dependency, so there is nothing to resolve
        installer.install(environment.folder, ("--no-deps", *options, "-r", str(environment.lock)))
    if environment.name == "kit":
        with timed("installing torch"):
            _install_torch(environment.folder, installer, _torch_index(variables))
    (environment.folder / COMPLETE).touch()


def _install_torch(folder: Path, installer: Installer, index: str) -> None:
    try:
        installer.install(folder, ("--extra-index-url", index, TORCH))
    except InstallationError:
        say(f"{index} cannot be reached: torch comes from your own package index, with CUDA if it has no other build")
        installer.install(folder, (TORCH,))


def _torch_index(variables: Mapping[str, str]) -> str:
    return variables.get(TORCH_INDEX_VARIABLE) or TORCH_INDEX


def _require_space(environment: Environment) -> None:
    existing = next(parent for parent in environment.folder.parents if parent.is_dir())
    free, needed = shutil.disk_usage(existing).free, NEEDED_BYTES[environment.name]
    if free < needed:
        raise InstallationError(
            f"{existing} has {free / 1e9:.1f} GB left, and the {TITLES[environment.name]} need {needed / 1e9:.1f} GB. "
            "Free some space, or set XDG_CACHE_HOME to a folder on another disk"
        )
