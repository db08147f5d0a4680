"""Data capture: records in the format that AWS writes, and their way to S3."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

BUCKET = "contract"
KEY = re.compile(
    r"capture/(?P<endpoint>[\w-]+)/(?P<variant>\w+)/\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl"
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


def test_a_record_has_aws_keys_order_and_encodings(hosting: Any, runtime: Any, s3: Any, until: Any) -> None:
    hosting.simple("captured", DataCaptureConfig=capture())
    before = datetime.now(UTC).replace(microsecond=0)
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
    assert before <= at <= datetime.now(UTC)
    assert record["eventVersion"] == "0"


def test_records_that_follow_each_other_share_a_file(restartable: Any, make_hosting: Any, s3: Any) -> None:
    with restartable(capture_idle_s=600.0, capture_file_s=600.0) as emulator:
        make_hosting(emulator.client("sagemaker"), s3).simple("several", DataCaptureConfig=capture())
        for number in range(20):
            runtime = emulator.client("sagemaker-runtime")
            runtime.invoke_endpoint(EndpointName="several", Body=str(number), ContentType="text/csv")
    records = captured(s3, "several")
    assert [record["captureData"]["endpointInput"]["data"] for record in records] == [str(n) for n in range(20)]
    assert {record["captureData"]["endpointInput"]["encoding"] for record in records} == {"CSV"}
    assert len(s3.list_objects_v2(Bucket=BUCKET, Prefix="capture/several/")["Contents"]) == 1


def test_only_output_is_captured_if_input_is_not_requested(hosting: Any, runtime: Any, s3: Any, until: Any) -> None:
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
    spooled = [file.read_text() for file in (emulator.instance.settings.state_dir / "capture").rglob("prefix")]
    assert not [prefix for prefix in spooled if f"/{name}/" in prefix]  # those of other tests may still be there
    assert captured(s3, name) == []


def test_describe_endpoint_has_the_data_capture_config(hosting: Any) -> None:
    shown = hosting.simple("shown", DataCaptureConfig=capture())["DataCaptureConfig"]
    assert shown["EnableCapture"] is True
    assert shown["CaptureStatus"] == "Started"
    assert shown["DestinationS3Uri"] == f"s3://{BUCKET}/capture"


def test_captured_data_stays_on_disk_while_s3_is_down(
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


def test_content_types_are_matched_without_their_parameters_or_case(
    hosting: Any, runtime: Any, s3: Any, until: Any
) -> None:
    hosting.simple("parameters", DataCaptureConfig=capture())
    sent = ["text/csv; charset=utf-8", "Text/CSV;label_size=0", "application/json;x=1", "application/jsonlines"]
    for content_type in sent:
        runtime.invoke_endpoint(EndpointName="parameters", Body=b"1,2", ContentType=content_type)
    records = until(lambda: len(records := captured(s3, "parameters")) == 4 and records, "4 records")
    inputs = [record["captureData"]["endpointInput"] for record in records]
    assert [one["encoding"] for one in inputs] == ["CSV", "CSV", "JSON", "BASE64"]
    assert [one["observedContentType"] for one in inputs] == sent


def test_bytes_that_are_not_text_are_base64_whatever_their_content_type(
    hosting: Any, runtime: Any, s3: Any, until: Any
) -> None:
    hosting.simple("no-text", DataCaptureConfig=capture())
    runtime.invoke_endpoint(EndpointName="no-text", Body=b"\xff\xfe", ContentType="application/json")
    (record,) = until(lambda: captured(s3, "no-text"), "the record")
    assert record["captureData"]["endpointInput"]["encoding"] == "BASE64"
    assert base64.b64decode(record["captureData"]["endpointInput"]["data"]) == b"\xff\xfe"


def test_a_record_has_custom_attributes_and_may_lack_a_content_type(
    hosting: Any, runtime: Any, s3: Any, until: Any
) -> None:
    hosting.simple("bare", DataCaptureConfig=capture())
    runtime.invoke_endpoint(EndpointName="bare", Body=b"x", CustomAttributes="trace=7")
    (record,) = until(lambda: captured(s3, "bare"), "the record")
    assert record["eventMetadata"]["customAttributes"] == ["trace=7"]
    assert record["captureData"]["endpointInput"]["observedContentType"] == "application/octet-stream"


def test_a_payload_of_megabytes_is_captured_completely(hosting: Any, runtime: Any, s3: Any, until: Any) -> None:
    hosting.simple("large", DataCaptureConfig=capture(CaptureOptions=[{"CaptureMode": "Input"}]))
    body = bytes(range(256)) * (20 << 10)
    runtime.invoke_endpoint(EndpointName="large", Body=body, ContentType="image/png")
    (record,) = until(lambda: captured(s3, "large"), "the record")
    assert base64.b64decode(record["captureData"]["endpointInput"]["data"]) == body


def test_the_sample_has_about_the_requested_percentage(hosting: Any, runtime: Any, s3: Any, until: Any) -> None:
    hosting.simple("sampled", DataCaptureConfig=capture(InitialSamplingPercentage=50))
    for _ in range(100):
        runtime.invoke_endpoint(EndpointName="sampled", Body=b"x")
    records = until(lambda: len(records := captured(s3, "sampled")) > 20 and records, "records")
    assert 20 < len(records) < 80


def test_each_variant_has_its_own_folder(hosting: Any, runtime: Any, s3: Any, until: Any) -> None:
    hosting.model("folders")
    variants = [{"VariantName": name, "ModelName": "folders"} for name in ("Blue", "Green")]
    hosting.config("folders", *variants, DataCaptureConfig=capture())
    hosting.endpoint("folders", "folders")
    for name in ("Blue", "Green"):
        runtime.invoke_endpoint(EndpointName="folders", Body=name.encode(), ContentType="text/csv", TargetVariant=name)
    until(lambda: len(captured(s3, "folders")) == 2, "2 records")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix="capture/folders/")["Contents"]]
    assert sorted(key.split("/")[2] for key in keys) == ["Blue", "Green"]


def test_a_file_is_closed_after_its_period_during_traffic(
    restartable: Any, make_hosting: Any, s3: Any, until: Any
) -> None:
    sent: list[str] = []
    with restartable(capture_file_s=0.5, capture_idle_s=60.0) as emulator:
        make_hosting(emulator.client("sagemaker"), s3).simple("busy", DataCaptureConfig=capture())
        runtime = emulator.client("sagemaker-runtime")

        def files() -> bool:
            runtime.invoke_endpoint(EndpointName="busy", Body=str(len(sent)), ContentType="text/csv")
            sent.append(str(len(sent)))
            return len(s3.list_objects_v2(Bucket=BUCKET, Prefix="capture/busy/").get("Contents", [])) >= 3

        until(files, "3 files")
    records = captured(s3, "busy")
    assert [record["captureData"]["endpointInput"]["data"] for record in records] == sent


def test_a_missing_bucket_does_not_delay_the_others(hosting: Any, runtime: Any, s3: Any, until: Any) -> None:
    hosting.simple("astray", DataCaptureConfig=capture(DestinationS3Uri="s3://never-made-bucket/capture"))
    hosting.simple("fine", DataCaptureConfig=capture())
    runtime.invoke_endpoint(EndpointName="astray", Body=b"x")
    runtime.invoke_endpoint(EndpointName="fine", Body=b"x")
    until(lambda: captured(s3, "fine"), "the record of the other endpoint")
