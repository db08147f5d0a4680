"""Copy the kit's program `frameworks` into an environment, and again whenever its source has changed."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

NAME = "frameworks"
FINGERPRINT = "fingerprint"
NOT_SOURCE = {"__pycache__", FINGERPRINT}


def source(name: str = NAME) -> Path:
    """Return the folder of a program in the kit. It is never imported here."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"the kit has no package {name!r}; PYTHONPATH lacks its folder src")
    return Path(spec.submodule_search_locations[0])


def renew(packages: Path, folder: Path | None = None) -> None:
    """Copy the program to an environment's `packages`, unless the same copy is there already."""
    folder = folder or source()
    fingerprint = fingerprint_of(folder)
    target = packages / NAME
    with suppress(OSError):
        if (target / FINGERPRINT).read_text() == fingerprint:
            return
    token = secrets.token_hex(4)
    new, old = packages / f".{NAME}-new-{token}", packages / f".{NAME}-old-{token}"
    try:
        shutil.copytree(folder, new, ignore=shutil.ignore_patterns(*NOT_SOURCE))
        (new / FINGERPRINT).write_text(fingerprint)
    except OSError:  # a full disk, for example
        shutil.rmtree(new, ignore_errors=True)
        raise
    with suppress(FileNotFoundError):
        target.rename(old)
    try:
        new.rename(target)
    except OSError:  # another job was faster, with the same source
        shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def fingerprint_of(folder: Path) -> str:
    """Return a hash of the names and contents of a folder's source files."""
    digest = hashlib.sha256()
    for name, path in files(folder):
        digest.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def files(folder: Path) -> list[tuple[str, Path]]:
    """Return the source files of a folder with their names below it, in a fixed order."""
    paths = [(path.relative_to(folder), path) for path in sorted(folder.rglob("*")) if path.is_file()]
    return [(name.as_posix(), path) for name, path in paths if not NOT_SOURCE & set(name.parts)]
