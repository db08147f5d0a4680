"""Reading the files that Step Functions' ResultWriter wrote for a batch."""

import json
from typing import Any

import pytest

from scones.classify import batch
from scones.classify.batch import Result, Source
from scones.context import Context
from scones.errors import MissingError

NAME = "5b3e1a52-4f0c-4b43-9a57-0c9b6d1f7e21"


def child(key: str, **fields: Any) -> dict[str, Any]:
    """Return a child workflow as in the Step Functions guide: Input and Output are JSON text."""
    fields_of_all: dict[str, Any] = {
        "ExecutionArn": f"arn:aws:states:us-east-1:123456789012:execution:batch/Prefix:{NAME}",
        "Name": NAME,
    }
    fields_of_all |= {"Input": json.dumps({"s3_bucket": "images", "s3_key": key}), "InputDetails": {"Included": True}}
    return {**fields_of_all, "StartDate": "2026-01-31T09:30:00.123Z", "StopDate": "2026-01-31T09:30:01.123Z", **fields}


def succeeded(key: str, **output: Any) -> dict[str, Any]:
    return child(key, Status="SUCCEEDED", Output=json.dumps({"s3_key": key, **output}))


CHILDREN = {
    "SUCCEEDED_0": [succeeded("b.png", outcome="succeeded", **{"class": "bicycle", "confidence": 0.97})],
    "SUCCEEDED_1": [succeeded("a.png", outcome="below_threshold")],
    "FAILED_0": [child("notes.txt", Status="FAILED", Error="NotAnImage", Cause='{"errorMessage": "no PNG"}')],
}


@pytest.fixture
def written(context: Context) -> dict[str, Any]:
    """Return the answer of an execution whose result files are in S3."""
    s3 = context.client("s3")
    s3.create_bucket(Bucket=context.data_bucket.name)
    files: dict[str, list[dict[str, Any]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for name, children in CHILDREN.items():
        key = f"batches/7/{NAME}/{name}.json"
        s3.put_object(Bucket=context.data_bucket.name, Key=key, Body=json.dumps(children).encode())
        files[name.split("_")[0]].append({"Key": key, "Size": 1})
    manifest = f"batches/7/{NAME}/manifest.json"
    s3.put_object(Bucket=context.data_bucket.name, Key=manifest, Body=json.dumps({"ResultFiles": files}).encode())
    return {"output": json.dumps({"ResultWriterDetails": {"Bucket": context.data_bucket.name, "Key": manifest}})}


def test_every_file_of_the_manifest_is_read(context: Context, written: dict[str, Any]) -> None:
    assert batch.results(context.data_bucket, written) == [
        Result("a.png", "below_threshold"),
        Result("b.png", "succeeded", "bicycle", 0.97),
        Result("notes.txt", "failed", error="NotAnImage", cause='{"errorMessage": "no PNG"}'),
    ]


def test_the_report_names_the_failures_and_their_causes(
    context: Context, written: dict[str, Any], screen: object
) -> None:
    batch.report(context, batch.results(context.data_bucket, written))
    assert "3 results: 1 succeeded, 1 below the threshold, 1 failed" in str(screen)
    assert "notes.txt: NotAnImage: no PNG" in str(screen)
    written_results = json.loads((context.settings.out / batch.RECORD).read_text())
    assert [result["key"] for result in written_results] == ["a.png", "b.png", "notes.txt"]


def test_a_timed_out_child_execution_counts_as_failed() -> None:
    assert Result.from_wire(child("a.png", Status="TIMED_OUT")) == Result("a.png", "failed", error="TIMED_OUT")


def test_a_manifest_replaces_the_prefix() -> None:
    assert Source().fields == {"prefix": "test/"}
    assert Source(manifest="list.json").fields == {"manifest": "list.json"}


def test_without_a_stack_the_error_names_scones_deploy(context: Context) -> None:
    with pytest.raises(MissingError, match="stack scones-unlimited does not exist: run `scones deploy` first"):
        batch.classify_batch(context, Source())
