"""Data capture, against the format of the records that AWS writes."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

BUCKET = "contract"
KEY = re.compile(
    r"capture/(?P<endpoint>[\w-]+)/AllTraffic/\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl"
)


def capture(**changes: Any) -> dict[str, Any]:
    config = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"], "CsvContentTypes": ["text/csv"]},
    }
    return {**config, **changes}


def captured(s3: Any, endpoint: str) -> list[dict[str, Any]]:
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"capture/{endpoint}/").get("Contents", [])
    assert all(KEY.fullmatch(entry["Key"]) for entry in listed)
    texts = [s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read().decode() for entry in listed]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_a_record_has_the_keys_the_order_and_the_encodings_of_aws(
    hosting: Any, runtime: Any, s3: Any, until: Any
) -> None:
    hosting.simple("captured", DataCaptureConfig=capture())
    image = b"\x89PNG\r\n\x1a\nnot really"
    runtime.invoke_endpoint(EndpointName="captured", Body=image, ContentType="image/png", InferenceId="one")
    (record,) = until(lambda: captured(s3, "captured"), "the record")
    assert list(record) == ["captureData", "eventMetadata", "eventVersion"]
    assert list(record["captureData"]) == ["endpointInput", "endpointOutput"]
    sent, got = record["captureData"].values()
    assert list(sent) == ["observedContentType", "mode", "data", "encoding"]
    assert (sent["observedContentType"], sent["mode"], sent["encoding"]) == ("image/png", "INPUT", "BASE64")
    assert base64.b64decode(sent["data"]) == image
    assert (got["mode"], got["encoding"]) == ("OUTPUT", "JSON")
    assert json.loads(got["data"])["type"] == "image/png"
    assert list(record["eventMetadata"]) == ["eventId", "inferenceTime", "inferenceId"]
    assert record["eventMetadata"]["inferenceId"] == "one"
    at = datetime.strptime(record["eventMetadata"]["inferenceTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
    assert record["eventVersion"] == "0"


def test_one_file_takes_the_records_of_a_while(hosting: Any, runtime: Any, s3: Any, until: Any) -> None:
    hosting.simple("several", DataCaptureConfig=capture())
    for number in range(20):
        runtime.invoke_endpoint(EndpointName="several", Body=str(number), ContentType="text/csv")
    records = until(lambda: len(found := captured(s3, "several")) == 20 and found, "20 records")
    assert [record["captureData"]["endpointInput"]["data"] for record in records] == [str(n) for n in range(20)]
    assert {record["captureData"]["endpointInput"]["encoding"] for record in records} == {"CSV"}
    assert len(s3.list_objects_v2(Bucket=BUCKET, Prefix="capture/several/")["Contents"]) < 20


def test_output_alone_is_captured_when_input_is_not_asked_for(hosting: Any, runtime: Any, s3: Any, until: Any) -> None:
    hosting.simple("output", DataCaptureConfig=capture(CaptureOptions=[{"CaptureMode": "Output"}]))
    runtime.invoke_endpoint(EndpointName="output", Body=b"x")
    (record,) = until(lambda: captured(s3, "output"), "the record")
    assert list(record["captureData"]) == ["endpointOutput"]


@pytest.mark.parametrize("name", ["sampling-none", "disabled"])
def test_nothing_is_captured_at_0_percent_or_when_disabled(
    name: str, hosting: Any, runtime: Any, s3: Any, emulator: Any
) -> None:
    changes = {"InitialSamplingPercentage": 0} if name == "sampling-none" else {"EnableCapture": False}
    hosting.simple(name, DataCaptureConfig=capture(**changes))
    runtime.invoke_endpoint(EndpointName=name, Body=b"x")
    assert not list((emulator.instance.settings.state_dir / "capture").rglob("*.jsonl"))
    assert captured(s3, name) == []


def test_describe_says_what_is_captured(hosting: Any) -> None:
    shown = hosting.simple("shown", DataCaptureConfig=capture())["DataCaptureConfig"]
    assert shown["EnableCapture"] is True
    assert shown["CaptureStatus"] == "Started"
    assert shown["DestinationS3Uri"] == f"s3://{BUCKET}/capture"


def test_captured_data_waits_on_disk_while_s3_is_away(
    restartable: Any, make_hosting: Any, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with restartable() as emulator:
        hosting = make_hosting(emulator.client("sagemaker"), s3)
        hosting.simple("away", DataCaptureConfig=capture(DestinationS3Uri="s3://not-there-yet/capture"))
        emulator.client("sagemaker-runtime").invoke_endpoint(EndpointName="away", Body=b"x")
    s3.create_bucket(Bucket="not-there-yet")
    with restartable():
        pass
    (entry,) = s3.list_objects_v2(Bucket="not-there-yet")["Contents"]
    assert b'"eventVersion":"0"' in s3.get_object(Bucket="not-there-yet", Key=entry["Key"])["Body"].read()
