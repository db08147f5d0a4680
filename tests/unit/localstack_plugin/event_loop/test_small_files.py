"""Small files, whose contents stay in memory once they have been read."""

import os
from pathlib import Path

import pytest
from tests.unit.localstack_plugin.event_loop.greenlets import DEADLINE_S, on_loop, start

from localstack_plugin.event_loop.small_files import KEPT_FILES, small_content


def test_each_file_is_read_once(tmp_path: Path) -> None:
    files = {tmp_path / name: name.encode() for name in ("a", "b")}
    for path, content in files.items():
        path.write_bytes(content)
        assert on_loop(lambda path=path: small_content(path, 1)) == content  # type: ignore[misc]
        path.unlink()
    assert {path: small_content(path, 1) for path in files} == files


def test_a_file_that_cannot_be_read_is_tried_again(tmp_path: Path) -> None:
    late = tmp_path / "late"
    with pytest.raises(FileNotFoundError):
        on_loop(lambda: small_content(late, 4))
    late.write_bytes(b"lat")
    with pytest.raises(OSError, match="3 bytes"):
        on_loop(lambda: small_content(late, 4))
    late.write_bytes(b"late")
    assert on_loop(lambda: small_content(late, 4)) == b"late"


def test_a_disk_that_takes_long_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "slow")
    outcome = start(lambda: small_content(tmp_path / "slow", 7))
    on_loop(lambda: None)
    assert not outcome.done()
    (tmp_path / "slow").write_bytes(b"at last")
    assert outcome.result(DEADLINE_S) == b"at last"


def test_the_contents_that_were_read_longest_ago_are_dropped(tmp_path: Path) -> None:
    files = [tmp_path / f"{number:04}" for number in range(KEPT_FILES + 1)]
    for path in files:
        path.write_text(path.name)
        small_content(path, 4)
        path.unlink()
    assert small_content(files[1], 4) == b"0001"
    with pytest.raises(FileNotFoundError):
        small_content(files[0], 4)
