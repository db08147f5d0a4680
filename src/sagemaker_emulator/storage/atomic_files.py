"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def write_atomically(path: Path, content: Iterable[bytes]) -> None:
    """Write a file under another name, then rename it. After an OSError the path is as it was before."""
    new = path.with_name(f"{path.name}.new")
    try:
        with new.open("wb") as stream:
            stream.writelines(content)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise
