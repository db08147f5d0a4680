import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from image_classification.data.pipe_mode import checked_for_room, spooled, until_closed
from image_classification.failure import CustomerError, PlatformError


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    yield reader, writer
    os.close(reader)


def test_a_pipe_is_read_until_its_writer_closes_it(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    chunks = until_closed(reader, "The pipe", 60)
    os.write(writer, b"first")
    assert next(chunks) == b"first"
    os.write(writer, b"second")
    os.close(writer)
    assert list(chunks) == [b"second"]


def test_a_writer_that_falls_silent_is_a_platform_error(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.write(writer, b"first")
    chunks = until_closed(reader, "The pipe", 0.1)
    assert next(chunks) == b"first"
    with pytest.raises(PlatformError, match=r"The pipe gave nothing for 0\.1 s"):
        next(chunks)
    os.close(writer)


def test_a_fifo_is_copied_even_if_its_writer_opens_it_later(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "train_0")
    writer = threading.Timer(0.1, (tmp_path / "train_0").write_bytes, [b"content" * 100_000])
    writer.start()
    file = spooled(tmp_path / "train_0", "train")
    writer.join()
    assert file.read(0, file.size_bytes) == b"content" * 100_000


def test_a_pipe_without_a_writer_is_a_platform_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "train_0")
    with pytest.raises(PlatformError, match=r"gave nothing for 0\.1 s"):
        spooled(tmp_path / "train_0", "train", 0.1)


def test_a_pipe_that_does_not_exist_is_a_platform_error(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="cannot be opened: No such file or directory"):
        spooled(tmp_path / "train_0", "train", 0.1)


def test_a_pipe_that_would_fill_the_disk_is_a_client_error() -> None:
    with pytest.raises(CustomerError, match=r"gave more than 2 MiB, and .* has no room for the rest"):
        list(checked_for_room(iter([b"x" * (2 << 20)]), "train", reserve_bytes=1 << 62))


def test_a_pipe_that_fits_is_passed_on() -> None:
    assert list(checked_for_room(iter([b"first", b"second"]), "train", reserve_bytes=0)) == [b"first", b"second"]
