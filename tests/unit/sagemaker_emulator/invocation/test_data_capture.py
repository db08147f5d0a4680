"""The spool of captured records, and its files' way to S3."""

from __future__ import annotations

import json
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from sagemaker_emulator.invocation.capture_records import CapturedInvocation, Payload
from sagemaker_emulator.invocation.data_capture import CaptureWriter
from sagemaker_emulator.resources.endpoint_config import DataCapture
from sagemaker_emulator.storage.set_aside import SetAside

KEY = re.compile(r"s3://bucket/capture/scones/(Blue|Green)/\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl")


class S3:
    """A store of uploads by URI; `s3` is itself, in the place of AwsClients."""

    def __init__(self, is_away: bool = False) -> None:
        self.is_away, self.files, self.s3 = is_away, dict[str, str](), self

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        if self.is_away:
            raise EndpointConnectionError(endpoint_url="http://s3")
        self.files[f"s3://{bucket}/{key}"] = Path(path).read_text()


def capture(percentage: int = 100, enabled: bool = True) -> DataCapture:
    return DataCapture(
        enabled, percentage, "s3://bucket/capture", frozenset({"Input"}), frozenset({"text/csv"}), frozenset()
    )


def invocation(number: int, variant: str) -> CapturedInvocation:
    return CapturedInvocation(
        "scones", variant, Payload(str(number).encode(), "text/csv"), Payload(b"", "text/csv"), None, None
    )


def writer_of(s3: Any, spool: Path) -> CaptureWriter:
    return CaptureWriter(s3, spool, SetAside(spool.parent / "state"), file_s=3600, idle_s=3600)


def write(s3: Any, spool: Path, *variants: str) -> None:
    """Capture an invocation of each variant in turn, and close the writer."""
    writer = writer_of(s3, spool)
    writer.start()
    for number, variant in enumerate(variants):
        writer.record(capture(), invocation(number, variant))
    writer.close()


def data(text: str) -> list[str]:
    return [json.loads(line)["captureData"]["endpointInput"]["data"] for line in text.splitlines()]


def test_each_variant_has_one_file_with_its_records_in_order(tmp_path: Path) -> None:
    s3 = S3()
    write(s3, tmp_path, "Blue", "Green", "Blue")
    assert all(KEY.fullmatch(uri) for uri in s3.files)
    assert sorted(data(text) for text in s3.files.values()) == [["0", "2"], ["1"]]
    assert list(tmp_path.glob("*/*.jsonl")) == []


def test_records_wait_in_the_spool_for_the_next_start_while_s3_is_down(tmp_path: Path) -> None:
    write(S3(is_away=True), tmp_path, "Blue")
    assert len(list(tmp_path.glob("*/*.jsonl"))) == 1
    s3 = S3()
    write(s3, tmp_path)
    assert [data(text) for text in s3.files.values()] == [["0"]]


def test_the_sample_has_the_requested_percentage(tmp_path: Path) -> None:
    nothing: Any = None
    writer = writer_of(nothing, tmp_path)
    assert all(writer.samples(capture(100)) for _ in range(1000))
    assert not any(writer.samples(capture(0)) for _ in range(1000))
    assert not any(writer.samples(capture(100, enabled=False)) for _ in range(1000))
    assert 2500 < sum(writer.samples(capture(30)) for _ in range(10_000)) < 3500  # eleven standard deviations


@contextmanager
def room_for(size_bytes: int) -> Iterator[None]:
    """Limit the size of this process's files, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_record_that_does_not_fit_is_dropped_and_the_others_arrive(tmp_path: Path) -> None:
    s3, spool = S3(), tmp_path / "spool"
    writer = writer_of(s3, spool)
    writer.start()
    writer.record(capture(), invocation(1, "Blue"))
    (path,) = spool.glob("*/*.jsonl")
    with room_for(path.stat().st_size + 10):
        writer.record(capture(), invocation(2, "Blue"))
        assert path.read_text().endswith("\n")
    writer.record(capture(), invocation(3, "Blue"))
    writer.close()
    assert sorted(data(text) for text in s3.files.values()) == [["1"], ["3"]]


def test_the_log_counts_the_records_that_were_not_captured(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    writer = writer_of(S3(), tmp_path / "spool")
    writer.start()
    with room_for(10):
        for number in range(5):
            writer.record(capture(), invocation(number, "Blue"))
    writer.close()
    first, rest = (record.getMessage() for record in caplog.records if "not captured" in record.getMessage())
    assert first.startswith("1 records")
    assert "File too large" in first
    assert rest.startswith("4 records")


@pytest.mark.parametrize("content", [b"", b"s3://other/prefix", b"\xff"])
def test_a_folder_whose_prefix_is_lost_is_set_aside_and_capture_continues(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    spool = tmp_path / "spool"
    write(S3(is_away=True), spool, "Blue", "Green")
    damaged = next(iter(spool.glob("*")))
    (damaged / "prefix").write_bytes(content)
    s3 = S3()
    write(s3, spool, "Blue", "Green")
    assert sorted(text.count("\n") for text in s3.files.values()) == [1, 1, 1]
    (kept,) = (tmp_path / "state" / "set-aside").iterdir()
    assert len(list(kept.glob("*.jsonl"))) == 1
    assert [record.getMessage() for record in caplog.records if str(kept) in record.getMessage()]


def test_a_truncated_record_is_set_aside_and_the_complete_ones_are_sent(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    write(S3(is_away=True), spool, "Blue")
    (path,) = spool.glob("*/*.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole + b"\0" * 20 + b"\n" + whole[:50])
    s3 = S3()
    write(s3, spool)
    assert list(s3.files.values()) == [whole.decode()]
    (kept,) = (tmp_path / "state" / "set-aside").iterdir()
    assert kept.read_bytes() == b"\0" * 20 + b"\n" + whole[:50]


def test_foreign_files_in_the_spool_do_not_end_capture(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    write(S3(is_away=True), spool, "Blue")
    (path,) = spool.glob("*/*.jsonl")
    (path.parent / "2026.11.26.10.00-00-000-x.jsonl").mkdir()
    (path.parent / "notes.txt").write_text("unknown")
    (path.parent / "loop").symlink_to(path.parent)
    (spool / "file").write_text("no folder")
    s3 = S3()
    write(s3, spool, "Blue")
    assert [data(text) for text in s3.files.values()] == [["0"], ["0"]]
    assert len(list((tmp_path / "state" / "set-aside").iterdir())) == 4


def test_a_file_in_the_place_of_the_spool_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    s3 = S3()
    write(s3, tmp_path / "spool", "Blue")
    assert [data(text) for text in s3.files.values()] == [["0"]]
