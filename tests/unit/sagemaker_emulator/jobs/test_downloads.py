"""Downloads: files below their directory, and keys that cannot be files there."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.sagemaker_emulator.in_memory_s3 import InMemoryS3

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.jobs.channel import InputError
from sagemaker_emulator.jobs.downloads import Collisions, download, ignores_case, safe_path
from sagemaker_emulator.jobs.manifests import S3Object


def item(key: str, path: str | None = None) -> S3Object:
    return S3Object(S3Location("bucket", key), key if path is None else path)


def test_objects_become_files(tmp_path: Path) -> None:
    s3 = InMemoryS3({"a": b"1", "b/c": b"2"})
    assert download(s3, iter([item("a"), item("b/c")]), tmp_path, lambda: False) == 2
    assert (tmp_path / "a").read_bytes() == b"1"
    assert (tmp_path / "b/c").read_bytes() == b"2"


def test_nothing_is_downloaded_after_a_stop(tmp_path: Path) -> None:
    assert download(InMemoryS3({"a": b"1"}), iter([item("a")]), tmp_path, lambda: True) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("other", ["Cat.png", "CAT.PNG"])
def test_keys_that_differ_by_case_are_refused_where_they_would_be_one_file(other: str) -> None:
    collisions = Collisions(ignores_case=True)
    collisions.refuse("cat.png")
    collisions.refuse("dog.png")
    with pytest.raises(InputError, match=f"'cat.png' and '{other}' would be one file"):
        collisions.refuse(other)


def test_keys_that_differ_by_case_are_two_files_elsewhere(tmp_path: Path) -> None:
    assert not ignores_case(tmp_path)
    assert download(InMemoryS3({"a": b"1", "A": b"2"}), iter([item("a"), item("A")]), tmp_path, lambda: False) == 2
    assert (tmp_path / "a").read_bytes() == b"1"


def test_a_file_system_that_finds_a_folder_in_the_other_case_ignores_case(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "TRAIN").symlink_to("train")
    assert ignores_case(tmp_path / "train")


@pytest.mark.parametrize("path", ["../outside", "a/../../outside", "/etc/passwd", ""])
def test_a_key_that_leads_outside_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match="leads outside its channel's directory"):
        safe_path(tmp_path, path)


@pytest.mark.parametrize("path", ["a\0b", "\ud800"])
def test_a_key_that_no_file_can_have_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match="cannot be a file's name; rename the object"):
        safe_path(tmp_path, path)


def test_a_missing_object_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Data download failed:s3://bucket/none does not exist"):
        download(InMemoryS3({}), iter([item("none")]), tmp_path, lambda: False)


def test_a_key_that_is_both_file_and_folder_is_refused_in_awss_words(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    with pytest.raises(InputError, match="a previously downloaded file/folder clashes with it"):
        download(InMemoryS3({"a/b": b""}), iter([item("a/b")]), tmp_path, lambda: False)
