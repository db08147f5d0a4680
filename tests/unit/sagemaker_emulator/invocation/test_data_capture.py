"""The spool of captured records, and its files' way to S3."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from botocore.exceptions import EndpointConnectionError

from sagemaker_emulator.invocation.capture_records import CapturedInvocation, Payload
from sagemaker_emulator.invocation.data_capture import CaptureWriter
from sagemaker_emulator.resources.endpoint_config import DataCapture

KEY = re.compile(r"s3://bucket/capture/scones/(Blue|Green)/\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl")


class S3:
    """Keeps what is uploaded, by URI; `s3` is itself, in the place of AwsClients."""

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


def write(s3: Any, spool: Path, *variants: str) -> None:
    """Capture an invocation of each variant in turn, and close the writer."""
    writer = CaptureWriter(s3, spool, file_s=3600, idle_s=3600)
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


def test_records_wait_in_the_spool_for_the_next_start_while_s3_is_away(tmp_path: Path) -> None:
    write(S3(is_away=True), tmp_path, "Blue")
    assert len(list(tmp_path.glob("*/*.jsonl"))) == 1
    s3 = S3()
    write(s3, tmp_path)
    assert [data(text) for text in s3.files.values()] == [["0"]]


def test_the_sample_has_the_percentage_that_was_asked_for(tmp_path: Path) -> None:
    nothing: Any = None
    writer = CaptureWriter(nothing, tmp_path, 1, 1)
    assert all(writer.samples(capture(100)) for _ in range(1000))
    assert not any(writer.samples(capture(0)) for _ in range(1000))
    assert not any(writer.samples(capture(100, enabled=False)) for _ in range(1000))
    assert 2500 < sum(writer.samples(capture(30)) for _ in range(10_000)) < 3500  # eleven standard deviations
