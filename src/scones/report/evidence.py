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
ACCURACY = "multiclass_classification_metrics"


@dataclass(frozen=True)
class Evidence:
    """Each part is empty if there is none.

    gate: Model Monitor's quality document of the model, measured on all test images by `scones pipeline`.
    state, comparison: the monitor's state, and the report of its last comparison.
    load: the figures and answers of the last `scones load`, whichever model answered it.
    examples: the images that the last comparison found the most unusual.
    """

    gate: Document
    state: Document
    comparison: Document
    load: Document
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
        load=last_load(results_folder(project) / "load"),
        examples=_examples(bucket, runs_folder, comparison),
    )


def last_load(folder: Path) -> Document:
    """Return the newest file of `scones load`, which names its files by their time."""
    newest = max(folder.glob("*.json"), default=None)
    return _parsed(newest.read_text()) if newest else {}


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
