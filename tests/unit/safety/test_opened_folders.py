"""A folder is opened step by step, through no link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from safety.opened_folders import opened_folder


def descriptors() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("from_descriptor", [False, True])
def test_a_folder_is_opened_below_a_path_or_a_descriptor(tmp_path: Path, from_descriptor: bool) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    before = descriptors()
    with opened_folder(tmp_path) as root, opened_folder(root if from_descriptor else tmp_path, ["a", "b"]) as folder:
        assert os.fstat(folder).st_ino == (tmp_path / "a/b").stat().st_ino
    assert descriptors() == before


def test_missing_folders_are_made_and_others_kept(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/file").touch()
    with opened_folder(tmp_path, ["a", "b", "c"], create=True) as folder:
        assert os.fstat(folder).st_ino == (tmp_path / "a/b/c").stat().st_ino
    assert (tmp_path / "a/file").exists()


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("parts", [["link"], ["link", "inner"], ["a", "link"], ["a", "file"], ["a", "file", "x"]])
def test_a_link_or_a_file_on_the_way_is_an_error_and_leaves_nothing_open(
    tmp_path: Path, parts: list[str], create: bool
) -> None:
    (tmp_path / "elsewhere/inner").mkdir(parents=True)
    (tmp_path / "a").mkdir()
    (tmp_path / "a/file").touch()
    (tmp_path / "link").symlink_to("elsewhere")
    (tmp_path / "a/link").symlink_to("../elsewhere")
    before = descriptors()
    with pytest.raises(NotADirectoryError), opened_folder(tmp_path, parts, create):
        pass
    assert descriptors() == before
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["inner"]


def test_a_missing_folder_is_an_error_unless_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), opened_folder(tmp_path, ["a"]):
        pass
    assert not list(tmp_path.iterdir())


def test_a_root_that_is_a_link_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(NotADirectoryError), opened_folder(tmp_path / "link"):
        pass
