"""The Python that runs a function: of the version that its runtime names, where this machine has it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROBE = (
    "import os, platform, sys; "
    "print(os.path.realpath(sys.executable), sys.base_prefix, platform.python_version(), sep='\\n')"
)
PROBE_TIMEOUT_S = 10.0
OLDEST = (3, 10)
"""What boto3 and AWS's runtime client need."""


@dataclass(frozen=True)
class Interpreter:
    """`version` is the full one, such as 3.12.1; `prefix` the folder that it needs to run."""

    executable: str
    prefix: str
    version: str

    @property
    def runtime(self) -> str:
        return "python" + ".".join(self.version.split(".")[:2])

    @property
    def options(self) -> list[str]:
        """Without `site`, and without the program's folder on `sys.path`; Python 3.10 does not know the second."""
        return ["-S"] if self.runtime == "python3.10" else ["-S", "-P"]


OWN = Interpreter(os.path.realpath(sys.executable), sys.base_prefix, platform.python_version())
"""The Python that runs LocalStack."""


@cache
def interpreter_of(runtime: str) -> Interpreter:
    """Return the Python for a runtime such as `python3.12`, or this one where the machine has no such Python."""
    if runtime == OWN.runtime or not is_supported(runtime):
        return OWN
    return next((found for path in candidates(runtime) if (found := probed(path, runtime))), OWN)


def is_supported(runtime: str) -> bool:
    return tuple(int(part) for part in runtime.removeprefix("python").split(".")) >= OLDEST


def candidates(runtime: str) -> Iterator[str]:
    """Yield programs of that name: on the PATH, of uv and of pyenv. Not each has to work: pyenv has stand-ins."""
    on_path = shutil.which(runtime)
    if on_path:
        yield on_path
    version, home = runtime.removeprefix("python"), Path.home()
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python")
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    for folder, pattern in ((uv, f"cpython-{version}.*"), (pyenv, f"{version}.*")):
        yield from sorted(found_below(folder, f"{pattern}/bin/{runtime}"), reverse=True)


def found_below(folder: Path, pattern: str) -> list[str]:
    """Return what matches, or nothing of a folder that this user may not read: PYENV_ROOT can be another user's."""
    try:
        return [str(path) for path in folder.glob(pattern)]
    except OSError:
        return []


def probed(program: str, runtime: str) -> Interpreter | None:
    command = [program, "-S", "-E", "-c", PROBE]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    executable, prefix, version = answer.splitlines()
    interpreter = Interpreter(executable, prefix, version)
    return interpreter if interpreter.runtime == runtime else None
