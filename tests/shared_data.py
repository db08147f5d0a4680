"""The real images for tests, where a checkout has them beside it; tests that need them say when they are not there."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"


def shared(path: str) -> Path:
    """A file of the shared data, or the test is skipped with the path that it looked for."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"there is no {found}")
    return found
