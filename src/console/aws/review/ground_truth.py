"""What an answer becomes: a record of ground truth, in Model Monitor's format, and maybe an order.

The record is where the monitor reads ground truth, `ground_truth/<endpoint>/yyyy/mm/dd/hh/`. The hour is that in which
the model decided, and the id is the inference id of the captured record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from console.aws.workflow import NEAR_BAY, Workflow

PREFIX = "ground_truth"
INFERENCE_ID_LIMIT = 64
"""The classify function sends the end of an execution's name as the inference id."""


def ground_truth(endpoint: str, execution: str, label: int, time: datetime) -> tuple[str, bytes]:
    """Return the key and the line of an answer to a decision of that time."""
    inference_id = execution[-INFERENCE_ID_LIMIT:]
    return f"{PREFIX}/{endpoint}/{time:%Y/%m/%d/%H}/{inference_id}.jsonl", record_of(inference_id, label)


def record_of(inference_id: str, label: int) -> bytes:
    record = {
        "groundTruthData": {"data": str(label), "encoding": "CSV"},
        "eventMetadata": {"eventId": inference_id},
        "eventVersion": "0",
    }
    return (json.dumps(record) + "\n").encode()


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
