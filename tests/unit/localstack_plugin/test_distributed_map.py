import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from localstack_plugin.stepfunctions.distributed_map import child_workflows, result_files
from localstack_plugin.stepfunctions.distributed_map.tolerance import is_exceeded

MAP_RUN = "arn:aws:states:us-east-1:000000000000:mapRun:machine/map:run-id"
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:machine/map"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class S3:
    """A client that keeps what is put."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        self.objects[f"{Bucket}/{Key}"] = json.loads(Body)


@pytest.mark.parametrize(
    ("failed", "count", "percentage", "exceeded"),
    [
        (0, 0, 0, False),
        (1, 0, 0, True),
        (2, 2, 0, False),
        (3, 2, 0, True),
        (5, 0, 50, False),
        (6, 0, 50, True),
        (3, 2, 50, True),
        (3, 9, 20, True),
        (2, 9, 20, False),
    ],
)
def test_failures_of_ten_items_are_tolerated_up_to_either_limit(
    failed: int, count: int, percentage: float, exceeded: bool
) -> None:
    assert is_exceeded(failed, 10, count, percentage) is exceeded


def test_a_child_workflow_has_an_execution_arn_of_its_own() -> None:
    child = child_workflows.started(MACHINE)
    assert child["ExecutionArn"] == f"{MACHINE.replace('stateMachine', 'execution')}:{child['Name']}"
    assert TIMESTAMP.fullmatch(child["StartDate"])
    assert child["Name"] != child_workflows.started(MACHINE)["Name"]


def test_an_ended_child_workflow_has_its_output_or_its_error() -> None:
    child = child_workflows.started(MACHINE)
    succeeded = child_workflows.succeeded(child, child_input="1", output="2")
    failed = child_workflows.failed(child, child_input="1", error="Error", cause="cause")
    assert (succeeded["Status"], succeeded["Input"], succeeded["Output"]) == ("SUCCEEDED", "1", "2")
    assert (failed["Status"], failed["Error"], failed["Cause"]) == ("FAILED", "Error", "cause")
    assert "Output" not in failed
    assert TIMESTAMP.fullmatch(failed["StopDate"])
    assert "StopDate" not in child


def test_the_manifest_names_a_file_for_each_status_that_occurs() -> None:
    s3 = S3()
    children = [{"Name": "a", "Status": "SUCCEEDED"}, {"Name": "b", "Status": "SUCCEEDED"}]
    key = result_files.put_results(s3, "bucket", "results", MAP_RUN, children)
    assert key == "results/run-id/manifest.json"
    assert s3.objects["bucket/results/run-id/SUCCEEDED_0.json"] == children
    assert s3.objects[f"bucket/{key}"] == {
        "DestinationBucket": "bucket",
        "MapRunArn": MAP_RUN,
        "ResultFiles": {
            "FAILED": [],
            "PENDING": [],
            "SUCCEEDED": [{"Key": "results/run-id/SUCCEEDED_0.json", "Size": len(json.dumps(children))}],
        },
    }
    assert len(s3.objects) == 2


@pytest.mark.parametrize(("prefix", "folder"), [("", "run-id"), ("a/b", "a/b/run-id"), ("a/b/", "a/b/run-id")])
def test_a_prefix_is_a_folder(prefix: str, folder: str) -> None:
    assert result_files.folder_of(prefix, MAP_RUN) == folder


def test_an_item_of_a_listing_has_its_time_in_seconds() -> None:
    listed = {
        "ETag": '"e"',
        "Key": "k",
        "LastModified": datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC),
        "Size": 3,
        "StorageClass": "STANDARD",
        "ChecksumAlgorithm": ["CRC32"],
    }
    assert result_files.item_from(listed) == {
        "Etag": '"e"',
        "Key": "k",
        "LastModified": 2,
        "Size": 3,
        "StorageClass": "STANDARD",
    }
