"""The shell commands that set and unset variables."""

import shlex
from collections.abc import Mapping

import psutil

SHELLS = ("bash", "zsh", "fish")


def lines(changes: Mapping[str, str | None], shell: str) -> list[str]:
    """Return a command line for each variable; the value None unsets it."""
    return [_fish(name, value) if shell == "fish" else _posix(name, value) for name, value in changes.items()]


def calling_shell() -> str:
    """Return `fish` if fish runs this command, otherwise `bash`, whose syntax the other shells understand."""
    try:
        return "fish" if psutil.Process().parent().name() == "fish" else "bash"
    except (psutil.Error, AttributeError):  # AttributeError: the parent has ended
        return "bash"


def _posix(name: str, value: str | None) -> str:
    return f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}"


def _fish(name: str, value: str | None) -> str:
    if value is None:
        return f"set -e {name};"
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    # fish keeps these as lists, and joins them with colons when it exports them
    kind = "--path " if name in ("PATH", "PYTHONPATH") else ""
    return f"set -gx {kind}{name} '{quoted}';"
