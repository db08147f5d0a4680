"""Records of data capture: the encoding of a payload, and the content of a record."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sagemaker_emulator.invocation.capture_records import CapturedInvocation, Payload, capture_record
from sagemaker_emulator.resources.endpoint_config import DataCapture

NOW = datetime(2026, 2, 28, 23, 59, 58, 999_000, tzinfo=UTC)


def record(body: bytes, content_type: str, modes: tuple[str, ...] = ("Input", "Output"), **changes: Any) -> Any:
    capture = DataCapture.from_request(
        {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://bucket/capture",
            "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
            "CaptureContentTypeHeader": {"JsonContentTypes": ["application/JSON"], "CsvContentTypes": ["text/csv"]},
        }
    )
    answer = Payload(b"{}", "application/json")
    invocation = {
        "endpoint_name": "scones",
        "variant_name": "AllTraffic",
        "request": Payload(body, content_type),
        "response": answer,
        "inference_id": None,
        "custom_attributes": None,
    }
    line = capture_record(capture, CapturedInvocation(**{**invocation, **changes}), NOW)
    assert line.endswith("}\n")
    return json.loads(line)


@pytest.mark.parametrize(
    ("body", "content_type", "encoding"),
    [
        (b"1,2", "text/csv", "CSV"),
        (b"1,2", "Text/CSV; charset=utf-8", "CSV"),
        (b"{}", "application/json;x=1", "JSON"),
        (b"{}", "application/jsonlines", "BASE64"),
        (b"\xff\xfe", "application/json", "BASE64"),
        (b"\x89PNG", "image/png", "BASE64"),
        (b"", "text/csv", "CSV"),
    ],
)
def test_the_content_type_chooses_the_encoding_of_text(body: bytes, content_type: str, encoding: str) -> None:
    sent = record(body, content_type)["captureData"]["endpointInput"]
    assert (sent["observedContentType"], sent["mode"], sent["encoding"]) == (content_type, "INPUT", encoding)
    assert (base64.b64decode(sent["data"]) if encoding == "BASE64" else sent["data"].encode()) == body


@pytest.mark.parametrize(
    ("modes", "sides"),
    [
        (("Input",), ["endpointInput"]),
        (("Output",), ["endpointOutput"]),
        (("Output", "Input"), ["endpointInput", "endpointOutput"]),
    ],
)
def test_only_the_requested_sides_are_captured(modes: tuple[str, ...], sides: list[str]) -> None:
    assert list(record(b"x", "text/csv", modes)["captureData"]) == sides


def test_the_metadata_has_only_the_ids_that_the_caller_gave() -> None:
    metadata = record(b"x", "text/csv")["eventMetadata"]
    assert list(metadata) == ["eventId", "inferenceTime"]
    assert metadata["inferenceTime"] == "2026-02-28T23:59:58Z"
    metadata = record(b"x", "text/csv", inference_id="one", custom_attributes="trace=7")["eventMetadata"]
    assert (metadata["inferenceId"], metadata["customAttributes"]) == ("one", ["trace=7"])


def test_text_stays_readable_in_the_record() -> None:
    assert record("Ä,日本".encode(), "text/csv")["captureData"]["endpointInput"]["data"] == "Ä,日本"
