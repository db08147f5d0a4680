"""The container contract of Model Monitor: variables, and folders under `/opt/ml` or the folder in SAGEMAKER_BASE_DIR.

Source: docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-contract-inputs.html and …-outputs.html. The kit's
own jobs add `ground_truth_source`, `drifting_since`, `low_confidence_below` and the folders of `BaselineInputs`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

OPT_ML = PurePosixPath("/opt/ml")
MESSAGE_MAX = 1024  # the longest ExitMessage of DescribeProcessingJob


class MonitoringError(Exception):
    """The base of this program's errors: the job ends with exit code 1, and the message says why."""


class InputError(MonitoringError):
    """A variable or a file of the job cannot be used."""


@dataclass(frozen=True)
class Contract:
    """The job as its container sees it."""

    base: Path
    variables: Mapping[str, str]

    @classmethod
    def from_environment(cls) -> Contract:
        return cls(Path(os.environ.get("SAGEMAKER_BASE_DIR") or str(OPT_ML)), dict(os.environ))

    def located(self, text: str) -> Path:
        """Return the path on this machine of a path in the contract, which is below /opt/ml."""
        path = PurePosixPath(text)
        return self.base / path.relative_to(OPT_ML) if path.is_relative_to(OPT_ML) else Path(text)

    def path(self, name: str) -> Path | None:
        """Return the path in a variable, or None if the variable is not set."""
        text = self.variables.get(name)
        return self.located(text) if text else None

    @property
    def dataset(self) -> Path:
        return self.located(self.variables.get("dataset_source") or "/opt/ml/processing/input/endpoint")

    @property
    def output(self) -> Path:
        return self.located(self.variables.get("output_path") or "/opt/ml/processing/output")

    @property
    def baseline_inputs(self) -> BaselineInputs:
        return BaselineInputs(self.located("/opt/ml/processing/input"))

    @property
    def is_model_quality(self) -> bool:
        return self.variables.get("analysis_type", "").upper() == "MODEL_QUALITY"

    @property
    def publishes_metrics(self) -> bool:
        return self.variables.get("publish_cloudwatch_metrics", "Disabled") == "Enabled"

    @property
    def endpoint(self) -> str:
        return self.variables.get("sagemaker_endpoint_name") or "the endpoint"

    @property
    def schedule(self) -> str:
        return self.variables.get("sagemaker_monitoring_schedule_name", "")

    def time(self, name: str) -> datetime | None:
        text = self.variables.get(name)
        try:
            return parse_time(text) if text else None
        except ValueError as error:
            raise InputError(f"{name} is {text!r}: it must be a time such as 2026-01-31T09:00:00Z") from error

    @property
    def message_file(self) -> Path:
        return self.base / "output" / "message"

    @property
    def metrics_file(self) -> Path:
        return self.base / "output" / "metrics" / "cloudwatch" / "cloudwatch_metrics.jsonl"


@dataclass(frozen=True)
class BaselineInputs:
    """The inputs of the kit's baseline job. Only `held_out` must exist.

    held_out: images that the model was not trained on. labels: their manifest, `test.lst`. training: more images for
    the statistics of pixels. answers: files `<image>.out` of a batch transform. model: the model's archive or files.
    """

    folder: Path

    @property
    def held_out(self) -> Path:
        return self.folder / "held_out"

    @property
    def labels(self) -> Path:
        return self.folder / "labels"

    @property
    def training(self) -> Path:
        return self.folder / "training"

    @property
    def answers(self) -> Path:
        return self.folder / "answers"

    @property
    def model(self) -> Path:
        return self.folder / "model"


def parse_time(text: str) -> datetime:
    """Parse a time in ISO 8601. A time without a zone is UTC, as the times of captured records are."""
    time = datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.9 does not know Z
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def only_file(folder: Path | None, name: str) -> Path | None:
    """Return the file `name` in a folder, or the path itself if it is a file. None if there is neither."""
    if folder is None or folder.is_file():
        return folder
    inside = folder / name
    return inside if inside.is_file() else None
