"""The contents of small files that never change, kept in memory: greenlets need not wait for the disk."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from localstack_plugin.event_loop.waits import in_a_thread

SMALL_BYTES: Final = 32 * 1024
KEPT_FILES: Final = 1024
"""How many contents are kept, 32 MB at most: those that were read last."""


@lru_cache(KEPT_FILES)
def small_content(path: Path) -> bytes:
    """Return the content of a small file. OSError if it cannot be read."""
    return in_a_thread(path.read_bytes)
