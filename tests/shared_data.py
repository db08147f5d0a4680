"""Real images for tests, from a folder beside the checkout. Tests that need them are skipped without it."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"


def shared(path: str) -> Path:
    """Return the path of a shared file, or skip the test and name the missing path."""
    file = SHARED / path
    if not file.exists():
        pytest.skip(f"there is no {file}")
    return file
