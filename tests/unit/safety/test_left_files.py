"""Files that a program left: regular files are read, and no path or link leads out of the folder."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from safety.left_files import NotAFile, TooMuchLeft, entries_below, open_file, read_text


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder with one file, beside a secret."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/key").write_text("secret")
    (tmp_path / "ml/model/sub").mkdir(parents=True)
    (tmp_path / "ml/model/sub/file").write_text("content")
    return tmp_path / "ml"


def files(base: Path) -> dict[str, bytes]:
    contents = {}
    for entry in entries_below(base, ("model",)):
        if entry.is_file:
            with entry.open() as file:
                contents[entry.name] = file.read()
    return contents


def test_files_are_listed_by_their_names_below_the_root(base: Path) -> None:
    entries = entries_below(base, ("model",))
    assert [(entry.name, entry.is_file) for entry in entries] == [("model/sub", False), ("model/sub/file", True)]
    with entries[1].open() as file:
        assert file.read() == b"content"
    assert entries[1].signature == (entries[1].status.st_mtime_ns, 7)


def test_links_are_listed_and_never_followed(base: Path) -> None:
    (base / "model/up").symlink_to(".")
    (base / "model/o1").symlink_to("up/..")
    (base / "model/out").symlink_to("o1/../secrets")
    (base / "model/key").symlink_to(base.parent / "secrets/key")
    assert [entry.name for entry in entries_below(base, ("model",)) if entry.is_file] == ["model/sub/file"]
    assert {entry.parts[-1]: entry.target for entry in entries_below(base, ("model",)) if entry.target} == {
        "up": ".",
        "o1": "up/..",
        "out": "o1/../secrets",
        "key": str(base.parent / "secrets/key"),
    }


@pytest.mark.parametrize("replaced", ["model", "model/sub", "model/sub/file"])
def test_a_link_that_replaces_a_part_later_is_not_followed(base: Path, replaced: str) -> None:
    entry = entries_below(base, ("model",))[-1]
    (base / replaced).rename(base / "moved")
    (base / replaced).symlink_to(base / "moved")
    with pytest.raises(OSError, match=r"Not a directory|not a regular file"):
        entry.open()
    assert read_text(base, entry.parts, 100) == ""
    assert files(base) == {}


def test_a_fifo_a_socket_and_a_device_are_neither_listed_nor_opened(base: Path) -> None:
    os.mkfifo(base / "model/fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(base / "model/socket"))
        assert list(files(base)) == ["model/sub/file"]
        for name in ("fifo", "socket", "sub"):
            with pytest.raises(NotAFile, match=f"{name}' is not a regular file"):
                open_file(base, ("model", name))
    with pytest.raises(NotAFile):
        open_file(Path("/dev"), ("null",))


def test_a_text_is_read_up_to_its_limit(base: Path) -> None:
    assert read_text(base, ("model", "sub", "file"), 3) == "con"
    assert read_text(base, ("model", "missing"), 3) == ""
    assert read_text(base, (), 3) == ""


def test_a_missing_folder_has_no_entries(base: Path) -> None:
    assert entries_below(base, ("missing", "folder")) == []


def test_a_folder_with_too_much_is_an_error(base: Path) -> None:
    assert len(entries_below(base, ("model",), entries_max=2)) == 2
    (base / "model/third").touch()
    with pytest.raises(TooMuchLeft, match="more than 2 files below 'model'"):
        entries_below(base, ("model",), entries_max=2)


def test_a_folder_that_is_too_deep_is_an_error(base: Path) -> None:
    (base / "model" / "/".join(["d"] * 63)).mkdir(parents=True)
    assert len(entries_below(base, ("model",))) == 65
    (base / "model" / "/".join(["d"] * 64)).mkdir(parents=True)
    with pytest.raises(TooMuchLeft, match="deeper than 64 folders"):
        entries_below(base, ("model",))
