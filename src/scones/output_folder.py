"""How long each step took when it last ran, alone or in a run."""

import json
import os
import tempfile
from pathlib import Path

from scones.context import Context
from scones.errors import SettingsError

STEPS = "steps.json"


def prove_writable(context: Context) -> None:
    """Before a step begins: its results must not be lost for want of a place."""
    out = context.settings.out
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise SettingsError(
            f"OUT is {str(out)!r}, and no file can be written there ({error.strerror}): name another folder"
        ) from error


def write_whole(file: Path, text: str) -> None:
    """The file has its old text or the new one, whenever we are interrupted."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    unfinished.write_text(text)
    unfinished.replace(file)


def step_seconds(context: Context) -> dict[str, float]:
    """Empty if nothing was noted, or the file was spoilt: times are only for the report."""
    try:
        found = json.loads((context.settings.out / STEPS).read_text())
        return {str(name): float(seconds) for name, seconds in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def note(context: Context, step: str, seconds: float) -> None:
    others = {name: took for name, took in step_seconds(context).items() if name != step}
    write_whole(context.settings.out / STEPS, json.dumps({**others, step: round(seconds, 2)}, indent=2))
