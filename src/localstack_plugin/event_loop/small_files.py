"""The contents of small files that never change, kept in memory: greenlets need not wait for the disk."""

from errno import EIO
from functools import lru_cache
from pathlib import Path
from typing import Final

from localstack_plugin.event_loop.waits import in_a_thread

SMALL_BYTES: Final = 32 * 1024
KEPT_FILES: Final = 1024
"""How many contents are kept, 32 MiB at most: those that were read last."""


@lru_cache(KEPT_FILES)
def small_content(path: Path, size_bytes: int) -> bytes:
    """Return the content of a small file of this size. OSError if it cannot be read, or has another size."""
    content = in_a_thread(path.read_bytes)
    if len(content) != size_bytes:
        raise OSError(EIO, f"the file has {len(content)} bytes, but should have {size_bytes}", str(path))
    return content
