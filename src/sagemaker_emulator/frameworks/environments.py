"""The environments in the user's cache: one for each framework and version, shared by all jobs, read-only for them.

An environment counts only when its record is there, which is written last; what an interrupted installation left is
removed by the next one. A lock file beside the folder lets one process at a time install or remove it; the others wait
and say so. The kernel releases the lock of a process that dies.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from sagemaker_emulator.frameworks import program
from sagemaker_emulator.frameworks.choice import has_gpu
from sagemaker_emulator.frameworks.image_names import FrameworkImage
from sagemaker_emulator.frameworks.installation import Installation, InstallationFailed, Progress, Say, size_bytes
from sagemaker_emulator.frameworks.requirements import REVISION, requirements_of
from sagemaker_emulator.frameworks.uv import TICK_S, Uv, UvError

RECORD = "environment.json"
NAME_BYTES = 4
POLL_S = 0.2


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the environments. XDG_CACHE_HOME moves it on every system, as it moves uv's cache."""
    home = environment.get("XDG_CACHE_HOME")
    cache = Path(home) / "scones-unlimited" if home else platformdirs.user_cache_path("scones-unlimited")
    return cache / "frameworks"


@dataclass(frozen=True)
class Environment:
    """A complete environment. `notes` say in what it differs from AWS's image."""

    folder: Path
    image: str
    python_version: str
    packages: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> Environment | None:
        """Return the environment in a folder; None if it is incomplete, or its Python was removed."""
        with suppress(OSError, ValueError, KeyError):
            record: dict[str, Any] = json.loads((folder / RECORD).read_text())
            environment = cls(folder, record["image"], record["python"], record["packages"], tuple(record["notes"]))
            return environment if environment.python.exists() else None
        return None

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def python(self) -> Path:
        return self.bin / "python"

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def site_packages(self) -> Path:
        return self.folder / "lib" / f"python{self.python_version}" / "site-packages"

    @property
    def last_used(self) -> float:
        return (self.folder / RECORD).stat().st_mtime

    @property
    def size_bytes(self) -> int:
        return size_bytes(self.folder)

    def has_named_versions(self, image: FrameworkImage) -> bool:
        """Return whether the packages that the tag names have the versions that it names."""
        named = requirements_of(image, sys.platform, platform.machine()).named
        return all(package.is_version(self.packages.get(package.name, "")) for package in named)


@dataclass(frozen=True)
class Environments:
    """The environments below `folder`. With `may_be_nearest` a version that does not exist is replaced by the nearest.

    Thread-safe, and safe for several processes over the same folder.
    """

    folder: Path = field(default_factory=default_folder)
    may_be_nearest: bool = True
    uv: Callable[[], Uv] = Uv.of_machine

    def prepare(self, image: FrameworkImage, say: Say = lambda _: None) -> Environment:
        """Return the environment of an image; install it if it is missing. Raises InstallationFailed.

        `say` gets a line of progress at least every second, and in the end the environment's notes. If it raises, the
        installation ends.
        """
        folder = self.folder / name_of(image)
        environment = Environment.read(folder)
        if environment is None:
            with self._locked(folder, image, say):
                environment = Environment.read(folder) or self._installed(folder, image, say)
        if not self.may_be_nearest and not environment.has_named_versions(image):
            raise InstallationFailed(
                f"{' '.join(environment.notes)} SAGEMAKER_EMULATOR_FRAMEWORK_VERSIONS=exact refuses that; unset it, or "
                "run the image in Docker."
            )
        program.renew(environment.site_packages)
        with suppress(OSError):  # the cache may be another user's
            os.utime(folder / RECORD)
        for note in environment.notes:
            say(note)
        return environment

    def all(self) -> list[Environment]:
        """Return the complete environments, by name."""
        folders = sorted(self.folder.glob("*")) if self.folder.is_dir() else []
        return [environment for folder in folders if (environment := Environment.read(folder))]

    def remove(self, environment: Environment) -> None:
        with self._locked(environment.folder, None, lambda _: None):
            (environment.folder / RECORD).unlink(missing_ok=True)  # first: without it, what is left does not count
            shutil.rmtree(environment.folder)

    def _installed(self, folder: Path, image: FrameworkImage, say: Say) -> Environment:
        shutil.rmtree(folder, ignore_errors=True)
        requirements = requirements_of(image, sys.platform, platform.machine())
        is_on_gpu = image.is_for_gpus and has_gpu()
        installation = Installation(self._uv(image), image, requirements, is_on_gpu, Progress(image, say))
        try:
            record = installation.run(folder, self.may_be_nearest)
        except BaseException:  # whatever the reason, an incomplete environment is removed
            shutil.rmtree(folder, ignore_errors=True)
            raise
        part = folder / f"{RECORD}.part"
        part.write_text(json.dumps(record, indent=2))
        part.replace(folder / RECORD)
        environment = Environment.read(folder)
        assert environment is not None
        return environment

    def _uv(self, image: FrameworkImage) -> Uv:
        try:
            return self.uv()
        except UvError as error:
            raise InstallationFailed(f"{image} cannot be installed: {error}.") from error

    @contextmanager
    def _locked(self, folder: Path, image: FrameworkImage | None, say: Say) -> Iterator[None]:
        try:
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = folder.with_name(f"{folder.name}.lock").open("a+")
        except OSError as error:
            raise InstallationFailed(
                f"the cache {folder.parent} cannot be written ({error.strerror}). Set XDG_CACHE_HOME to a folder that "
                "you own."
            ) from error
        with file:
            said = 0.0
            while not _acquired(file.fileno()):
                if image and time.monotonic() - said > TICK_S:
                    said = time.monotonic()
                    say(f"Waiting until another job or process has installed {image}")
                time.sleep(POLL_S)
            yield


def name_of(image: FrameworkImage) -> str:
    """Return the name of an image's environment. Whatever would change the environment changes the name."""
    is_on_gpu = image.is_for_gpus and has_gpu()
    requirements = requirements_of(image, sys.platform, platform.machine())
    key = repr((requirements, is_on_gpu, sys.platform, platform.machine(), REVISION))
    digest = hashlib.sha256(key.encode()).hexdigest()[: 2 * NAME_BYTES]
    backend = f"-{image.backend}-{image.backend_version}" if image.backend else ""
    return f"{image.framework}-{image.version}{backend}-{digest}"


def _acquired(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
