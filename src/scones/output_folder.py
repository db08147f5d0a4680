"""The folder of results: files that are written whole, and how long each step took."""

import json
import os
import tempfile
from pathlib import Path

from scones.errors import SettingsError

STEPS = "steps.json"


def require_writable(folder: Path) -> None:
    """Fail before a step begins, rather than lose its results at the end.

    Raises:
        SettingsError: no file can be written in the folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SettingsError(
            f"OUT is {str(folder)!r}, and no file can be written there ({error.strerror}): choose another folder"
        ) from error


def write_whole(file: Path, text: str) -> None:
    """Write a file so that an interruption leaves either the old text or the new text, never a part."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    unfinished.write_text(text)
    unfinished.replace(file)


def step_seconds(folder: Path) -> dict[str, float]:
    """Return the duration of each step's last run. Empty if nothing was recorded or the file is damaged."""
    try:
        durations = json.loads((folder / STEPS).read_text())
        return {str(name): float(seconds) for name, seconds in durations.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # only the report shows durations: they are not worth an error


def record_seconds(folder: Path, step: str, seconds: float) -> None:
    """Record how long a step took."""
    others = {name: duration for name, duration in step_seconds(folder).items() if name != step}
    write_whole(folder / STEPS, json.dumps({**others, step: round(seconds, 2)}, indent=2))
