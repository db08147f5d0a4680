import gc
import os
from pathlib import Path

import pytest

from image_classification.data.shared_file import SharedFile


def test_a_temporary_file_holds_all_chunks_and_can_be_read_anywhere() -> None:
    file = SharedFile.temporary([b"abc", b"", b"defg"])
    assert (file.size_bytes, file.read(2, 3), file.read(6, 9), file.read(7, 1)) == (7, b"cde", b"g", b"")


def test_a_file_is_closed_after_its_last_user(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    file = SharedFile.opened(tmp_path / "file")
    descriptor = file.descriptor
    assert file.read(0, 7) == b"content"
    del file
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
