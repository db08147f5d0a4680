"""Jobs of the analyzer for tables, in a folder that stands for /opt/ml."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from image_monitoring.contract import Contract
from image_monitoring.tabular.analysis import analyze_table

CAPTURE = json.dumps({"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}})
MERGE = json.dumps({"sagemakerMergeJson": {"captureIndexNames": ["endpointOutput"]}})
HOUR = "e/AllTraffic/2026/11/27/09"
WINDOW = {"start_time": "2026-11-27T09:00:00Z", "end_time": "2026-11-27T10:00:00Z"}


@dataclass
class Job:
    """One job: `run` leaves its documents, which the properties read."""

    base: Path
    variables: dict[str, str] = field(default_factory=dict)
    message: str = ""

    @property
    def input(self) -> Path:
        return self.base / "processing/input"

    def dataset(self, name: str, text: str) -> Job:
        path = self.input / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return self

    def captured(self, records: Sequence[Mapping[str, Any]], name: str = "00-00-000-x.jsonl") -> Job:
        return self.dataset(f"{HOUR}/{name}", "".join(json.dumps(one) + "\n" for one in records))

    def file(self, variable: str, name: str, text: str) -> Job:
        """Leave a file outside of the dataset, and name it in a variable."""
        path = self.base / "processing/other" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.variables[variable] = f"/opt/ml/processing/other/{name}"
        return self

    def baseline(self, other: Job) -> Job:
        """Take the documents of another job as the baseline."""
        for variable, name in (("baseline_constraints", "constraints"), ("baseline_statistics", "statistics")):
            self.file(variable, f"{name}.json", json.dumps(other.document(name)))
        return self

    def run(self, dataset_format: str, **variables: str) -> str:
        paths = {"dataset_source": "/opt/ml/processing/input", "output_path": "/opt/ml/processing/output"}
        contract = Contract(self.base, {"dataset_format": dataset_format, **paths, **self.variables, **variables})
        self.message = analyze_table(contract)
        return self.message

    def document(self, name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.base / f"processing/output/{name}.json").read_text())
        return document

    @property
    def violations(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.document("constraint_violations")["violations"]
        return found

    @property
    def metrics(self) -> list[dict[str, Any]]:
        path = self.base / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def feature(self, document: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in self.document(document)["features"] if one["name"] == name)
        return found


def captured(request: str, answer: str, minute: int = 0, encoding: str = "CSV", **more: Any) -> dict[str, Any]:
    kind = {"CSV": "text/csv", "JSON": "application/json"}[encoding]
    sides = {
        "endpointInput": {"observedContentType": kind, "mode": "INPUT", "data": request, "encoding": encoding},
        "endpointOutput": {"observedContentType": kind, "mode": "OUTPUT", "data": answer, "encoding": encoding},
    }
    time = f"2026-11-27T09:{minute:02}:00Z"
    metadata = {"eventId": f"{minute}-{request}", "inferenceTime": time}
    return {"captureData": sides, "eventMetadata": metadata, "eventVersion": "0", **more}


def labeled(answer: str, label: str, encoding: str = "CSV") -> dict[str, Any]:
    return captured("1,2", answer, encoding=encoding, groundTruthData={"data": label, "encoding": "CSV"})
