"""Import a user's module: `inference.py`, `code/train.py`, or the name of a module."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType


def load_module(folder: Path, program: str) -> ModuleType:
    """Import `program` with its own folder first on the path, so that it finds the files beside it.

    Raises whatever its code raises, and ImportError if it does not exist.
    """
    name = program[:-3] if program.endswith(".py") else program
    place = folder / Path(name).parent
    for entry in (str(folder), str(place)):
        if entry not in sys.path:
            sys.path.insert(0, entry)
    importlib.invalidate_caches()
    return importlib.import_module(Path(name).name)
