"""Results of other commands about the model in service: the gate's evaluation, the monitor's findings, a load."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones.buckets import Bucket
from scones.monitoring.places import folder_of
from scones.settings import results_folder

Document = Mapping[str, Any]
LOADS_READ = 20
ACCURACY = "multiclass_classification_metrics"


@dataclass(frozen=True)
class Evidence:
    """Each part is empty if there is none.

    gate: Model Monitor's quality document of the model, measured on all test images by `scones pipeline`.
    state, comparison: the monitor's state, and the report of its last comparison.
    loads: the figures and answers of the last runs of `scones load` at the endpoint, the newest first.
    examples: the images that the last comparison found the most unusual.
    """

    gate: Document
    state: Document
    comparison: Document
    loads: tuple[Document, ...]
    examples: tuple[bytes, ...]


def gather(bucket: Bucket, endpoint: str, model: str, project: Path) -> Evidence:
    state = _object(bucket, f"{folder_of(endpoint)}/state.json")
    if state.get("model") != model:
        state = {}  # it is about an earlier model
    run = state.get("run")
    runs_folder = f"{folder_of(endpoint)}/runs/{run}"
    comparison = _object(bucket, f"{runs_folder}/report.json") if run else {}
    return Evidence(
        gate=_object(bucket, f"evaluations/{model}/quality.json"),
        state=state,
        comparison=comparison,
        loads=loads_of(results_folder(project) / "load", endpoint),
        examples=_examples(bucket, runs_folder, comparison),
    )


def loads_of(folder: Path, endpoint: str) -> tuple[Document, ...]:
    """Return the newest files of `scones load`, which names its files by their time, about an endpoint."""
    files = sorted(folder.glob("*.json"), reverse=True)[:LOADS_READ]
    loads = (_parsed(file.read_text()) for file in files)
    return tuple(load for load in loads if load.get("endpoint") == endpoint)


def _examples(bucket: Bucket, folder: str, comparison: Document) -> tuple[bytes, ...]:
    keys = [f"{folder}/{name}" for name in comparison.get("examples", ())]
    return tuple(bucket.get(key, "monitor") for key in keys if bucket.has(key))


def _object(bucket: Bucket, key: str) -> Document:
    return _parsed(bucket.get(key, "monitor").decode()) if bucket.has(key) else {}


def _parsed(text: str) -> Document:
    try:
        value = json.loads(text)
    except ValueError:
        return {}  # a damaged file costs the report only this part
    return value if isinstance(value, dict) else {}
