"""Data capture of a batch transform job: manifests of its input and output, and IDs of its inferences.

Source: capture data from a batch transform job (model-monitor-data-capture-batch). Below DestinationS3Uri,

    input/yyyy/mm/dd/hh/<uuid4>.jsonl     [{"prefix": "s3://<bucket>/<folder>/"}, "a.csv", …]
    output/yyyy/mm/dd/hh/<uuid4>.jsonl    the same for the output, "a.csv.out"

where the hour is that of the job's start, in UTC.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.jobs.manifests import S3Object
from sagemaker_emulator.transform.data_processing import CSV, JSON, READABLE, DataProcessingError


@dataclass(frozen=True)
class BatchCapture:
    """BatchDataCaptureConfig, parsed. `generates_ids` asks for an ID and the job's start with each record's output."""

    destination: S3Location
    generates_ids: bool

    @classmethod
    def from_request(cls, wire: dict[str, Any], accept: str) -> BatchCapture:
        """ValueError for an output that cannot have IDs."""
        capture = cls(S3Location.parse(wire["DestinationS3Uri"]), wire.get("GenerateInferenceId", False))
        if capture.generates_ids and accept not in READABLE:
            raise ValueError(
                f"GenerateInferenceId needs TransformOutput.Accept to be one of {', '.join(READABLE)}, not {accept!r}"
            )
        return capture

    def manifests(
        self, objects: Sequence[S3Object], output: S3Location, names: set[str], started: datetime
    ) -> dict[S3Location, bytes]:
        """Return the manifests for the objects with these names, by their location in S3."""
        done = [one for one in objects if one.relative_path in names]
        folder = started.strftime("%Y/%m/%d/%H")
        source = done[0].location
        prefix = S3Location(source.bucket, source.key.removesuffix(done[0].relative_path))
        inputs = [{"prefix": str(prefix)}, *(one.relative_path for one in done)]
        outputs = [{"prefix": f"{output.joined('')}/"}, *(f"{one.relative_path}.out" for one in done)]
        return {
            self.destination.joined(side, folder, f"{uuid.uuid4()}.jsonl"): json.dumps(manifest).encode()
            for side, manifest in (("input", inputs), ("output", outputs))
        }


def with_inference_ids(content: bytes, accept: str, started: datetime) -> bytes:
    """Append an ID and the job's start to each record of an output."""
    records = [content] if accept == JSON else content.splitlines()
    return b"\n".join(_with_id(record, accept, started.strftime("%Y-%m-%dT%H:%M:%SZ")) for record in records)


def _with_id(record: bytes, accept: str, time: str) -> bytes:
    inference_id = str(uuid.uuid4())
    if accept == CSV:
        return record.rstrip(b"\r\n") + f",{inference_id},{time}".encode()
    try:
        value = json.loads(record)
    except (ValueError, RecursionError) as error:
        raise DataProcessingError(f"Fail to parse {accept}: {error}") from error
    labels = {"SageMakerInferenceId": inference_id, "SageMakerInferenceTime": time}
    labeled = {**value, **labels} if isinstance(value, dict) else {"SageMakerOutput": value, **labels}
    return json.dumps(labeled, separators=(",", ":")).encode()
