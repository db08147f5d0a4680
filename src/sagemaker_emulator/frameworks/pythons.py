"""The Pythons of this machine that a framework's packages may run on."""

from __future__ import annotations

import json
import logging
import os
import sys
from dataclasses import dataclass

from sagemaker_emulator.frameworks.uv import Tick, Uv, UvError

OLDEST, NEWEST = (3, 9), (3, 13)  # the program `frameworks` runs on these
DOWNLOADS = "UV_PYTHON_DOWNLOADS"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Python:
    """One interpreter. `minor` is the second number of its version."""

    path: str
    minor: int

    def __str__(self) -> str:
        return f"Python 3.{self.minor}"


def own_python() -> Python:
    """Return the Python below this process's environment."""
    base = getattr(sys, "_base_executable", sys.executable) or sys.executable
    return Python(os.path.realpath(base), sys.version_info.minor)


def pythons(uv: Uv, wanted: str | None, tick: Tick) -> list[Python]:
    """Return the Pythons of this machine, the nearest to `wanted`, such as 3.10, first; without it, the kit's own."""
    own = own_python()
    by_minor = {own.minor: own} if OLDEST[1] <= own.minor <= NEWEST[1] else {}
    for python in _installed(uv, tick):
        by_minor.setdefault(python.minor, python)
    minor = int(wanted.partition(".")[2]) if wanted else own.minor
    return sorted(by_minor.values(), key=lambda one: (abs(one.minor - minor), -one.minor))


def fetched(uv: Uv, wanted: str | None, tick: Tick) -> Python | None:
    """Let uv fetch a Python that this machine lacks; None if that is switched off, impossible or too old."""
    minor = int(wanted.partition(".")[2]) if wanted else 0
    is_off = uv.environment.get(DOWNLOADS, "automatic") != "automatic"
    if is_off or not OLDEST[1] <= minor <= NEWEST[1]:
        return None
    try:
        uv.run("python", "install", f"3.{minor}", tick=tick)
        return Python(uv.run("python", "find", "--managed-python", f"3.{minor}").strip(), minor)
    except UvError as error:
        log.info("Python 3.%d cannot be fetched: %s", minor, error)
        return None


def _installed(uv: Uv, tick: Tick) -> list[Python]:
    """Return uv's list, without those that packages are rarely built for: prereleases, PyPy, free threading."""
    try:
        listed = json.loads(uv.run("python", "list", "--only-installed", "--output-format", "json", tick=tick))
    except (UvError, ValueError) as error:
        log.info("uv lists no Pythons: %s", error)
        return []
    return [
        Python(one["path"], one["version_parts"]["minor"])
        for one in listed
        if one["implementation"] == "cpython"
        and one.get("variant", "default") == "default"
        and one["version"].replace(".", "").isdecimal()
        and OLDEST <= (one["version_parts"]["major"], one["version_parts"]["minor"]) <= NEWEST
    ]
