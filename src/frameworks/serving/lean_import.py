"""Import XGBoost without pandas and scikit-learn, which it imports for callers who pass it their objects.

It works without them: they are optional. They take four fifths of the processor time of its import.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

OPTIONAL = ("pandas", "sklearn")


@contextmanager
def optional_libraries_hidden() -> Iterator[None]:
    """Let imports of the optional libraries fail, as if they were not installed, until the block ends."""
    hidden = [name for name in OPTIONAL if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment] # documented: import then raises ModuleNotFoundError
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
