"""The record of ground truth that an answer becomes, in Model Monitor's format, and the order that may follow it.

The record is where the monitor reads ground truth, `ground_truth/<endpoint>/yyyy/mm/dd/hh/`. The hour is that in which
the model decided, and the id is the inference id of the captured record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from console.aws.captures.records import id_of
from console.aws.client import Aws
from console.aws.workflow import NEAR_BAY, Workflow

PREFIX = "ground_truth"


def folder_of(endpoint: str) -> str:
    """Return the folder of the records about an endpoint."""
    return f"{PREFIX}/{endpoint}/"


def key_of(endpoint: str, execution: str, time: datetime) -> str:
    """Return the key of the record about an execution that decided at that time."""
    return f"{folder_of(endpoint)}{time:%Y/%m/%d/%H}/{id_of(execution)}.jsonl"


def inference_id_of(key: str) -> str:
    """Return the id of the captured record that a record of ground truth belongs to."""
    return key.rpartition("/")[2].removesuffix(".jsonl")


def record_of(key: str, label: int) -> bytes:
    """Return the line of the record with this key."""
    record = {
        "groundTruthData": {"data": str(label), "encoding": "CSV"},
        "eventMetadata": {"eventId": inference_id_of(key)},
        "eventVersion": "0",
    }
    return (json.dumps(record) + "\n").encode()


def label_in(record: bytes | str) -> int | None:
    """Return the number of the class in a record; None for one of another program, which may have many lines."""
    try:
        return int(json.loads(record)["groundTruthData"]["data"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


async def write(aws: Aws, workflow: Workflow, key: str, label: int) -> None:
    """Write a record, in place of the one that is there. Raises Refused."""
    body = record_of(key, label)
    await aws.change(
        "s3", "put_object", Bucket=workflow.bucket, Key=key, Body=body, ContentType="application/jsonlines"
    )


def order(workflow: Workflow, message: Mapping[str, Any], label: int) -> tuple[str, str]:
    """Return the URL of the bay's queue, and the message that the workflow would have sent for this class.

    `decided_by` tells it from the workflow's own. The confidence is the model's in this class, if the message has it.
    """
    name = workflow.classes[label]
    bay = workflow.bay_of(name)
    inferences = message.get("inferences")
    body = {
        "event": "NearOrder" if bay.name == NEAR_BAY else "FarOrder",
        **{key: message.get(key, "") for key in ("s3_bucket", "s3_key", "execution", "execution_arn")},
        "class": name,
        "confidence": inferences[label] if isinstance(inferences, list) and len(inferences) > label else None,
        "inferences": inferences,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "decided_by": "review",
    }
    return bay.url, json.dumps(body)
