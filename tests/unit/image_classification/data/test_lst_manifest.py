from pathlib import Path

import pytest

from image_classification.data.lst_manifest import ManifestEntry, read_manifest
from image_classification.failure import CustomerError


def write(folder: Path, text: str | bytes) -> Path:
    (folder / "train.lst").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_a_manifest_may_have_unix_or_windows_line_endings(tmp_path: Path) -> None:
    entries = read_manifest(write(tmp_path, "5\t1\tone/a.png\r\n7\t0.0\tb.png\n\n"), "train")
    assert entries == [ManifestEntry(5, (1.0,), "one/a.png"), ManifestEntry(7, (0.0,), "b.png")]


def test_a_multi_label_manifest_has_a_column_for_each_class(tmp_path: Path) -> None:
    assert read_manifest(write(tmp_path, "1\t0\t1\t1\ta.png\n"), "train", 3)[0].labels == (0, 1, 1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "lists no image"),
        ("1 0 a.png\n", "1 columns instead of index, 1 label and a relative path, separated by tabs"),
        ("1\t0\t1\ta.png\n", "4 columns"),
        ("x\t0\ta.png\n", "could not convert string to float: 'x'"),
        ("1.5\t0\ta.png\n", "not a whole number"),
        ("-1\t0\ta.png\n", "not a whole number"),
        ("1\tnan\ta.png\n", "not a finite number"),
        ("1\tbike\ta.png\n", "could not convert"),
        ("1\t0\t/etc/passwd\n", "not a relative path inside the channel"),
        ("1\t0\t../a.png\n", "not a relative path inside the channel"),
        ("1\t0\t\n", "not a relative path inside the channel"),
        ("1\t0\ta.png\n1\t1\tb.png\n", "index 1 is not unique (b.png)"),
        (b"\xff\xfe1\t0", "is not UTF-8 text"),
    ],
)
def test_a_broken_manifest_is_refused_with_its_line(tmp_path: Path, text: str | bytes, problem: str) -> None:
    with pytest.raises(CustomerError) as error:
        read_manifest(write(tmp_path, text), "train")
    assert str(error.value).startswith("Invalid lst file in the train channel.")
    assert problem in str(error.value)


def test_a_channel_with_two_manifests_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CustomerError, match="found 0"):
        read_manifest(tmp_path, "train")
    (tmp_path / "other.lst").touch()
    with pytest.raises(CustomerError, match="found 2"):
        read_manifest(write(tmp_path, "1\t0\ta.png\n"), "train")


def test_indices_begin_at_zero_and_need_not_be_in_order(tmp_path: Path) -> None:
    entries = read_manifest(write(tmp_path, "2\t1\ta.png\n0\t0\tb.png\n"), "train")
    assert [entry.index for entry in entries] == [2, 0]


def test_an_error_names_the_columns_that_are_expected(tmp_path: Path) -> None:
    with pytest.raises(CustomerError, match="line 2: 2 columns instead of index, 3 labels and a relative path"):
        read_manifest(write(tmp_path, "1\t0\t1\t1\ta.png\n2\tb.png\n"), "train", 3)
