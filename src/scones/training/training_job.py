"""Training jobs as SageMaker describes them, and the names that the application gives them."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones.aws_errors import is_unknown_name
from scones.buckets import Bucket
from scones.dataset.manifests import Dataset
from scones.errors import TrainingError
from scones.settings import Settings

MAX_ATTEMPTS = 99
ENDED = {"Completed", "Failed", "Stopped"}


@dataclass(frozen=True)
class TrainingJob:
    """The fields of DescribeTrainingJob that the application reads."""

    name: str
    status: str
    secondary_status: str
    failure_reason: str | None
    image_uri: str
    model_data: str | None
    seconds: float | None
    epochs: int | None

    @classmethod
    def from_wire(cls, answer: Mapping[str, Any]) -> "TrainingJob":
        epochs = answer.get("HyperParameters", {}).get("epochs", "").strip('"')
        return cls(
            name=answer["TrainingJobName"],
            status=answer["TrainingJobStatus"],
            secondary_status=answer.get("SecondaryStatus", ""),
            failure_reason=answer.get("FailureReason"),
            image_uri=answer["AlgorithmSpecification"].get("TrainingImage", ""),
            model_data=answer.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
            seconds=training_seconds(answer),
            epochs=int(epochs) if epochs.isdecimal() else None,
        )


def training_seconds(answer: Mapping[str, Any]) -> float | None:
    if "TrainingTimeInSeconds" in answer:
        return float(answer["TrainingTimeInSeconds"])
    if "TrainingStartTime" in answer and "TrainingEndTime" in answer:
        return float((answer["TrainingEndTime"] - answer["TrainingStartTime"]).total_seconds())
    return None


def describe(sagemaker: BaseClient, name: str) -> TrainingJob | None:
    """Return the job of this name, or None if there is none."""
    try:
        return TrainingJob.from_wire(sagemaker.describe_training_job(TrainingJobName=name))
    except ClientError as error:
        if is_unknown_name(error):
            return None
        raise


# ---- names ----


def hyperparameters(settings: Settings, dataset: Dataset) -> dict[str, str]:
    """Return the hyperparameters that follow from the data, and those of the settings."""
    from_data = {"num_classes": str(len(dataset.classes)), "num_training_samples": str(dataset.train_images)}
    return {**from_data, **settings.hyperparameters}


def base_name(settings: Settings, bucket: str, dataset: Dataset) -> str:
    """Return a name that is the same for the same data, hyperparameters, image and bucket of the model."""
    parts = {
        "dataset": dataset.digest,
        "hyperparameters": hyperparameters(settings, dataset),
        "image": settings.image_uri or "image-classification",
        "bucket": bucket,
    }
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]
    return f"{settings.endpoint_name}-{digest}"


def latest(sagemaker: BaseClient, bucket: Bucket, base: str) -> tuple[TrainingJob | None, str]:
    """Return the last attempt under a base name if it is running or usable, and the name of the next attempt.

    With a usable job, the name is the job's own. A completed job is usable while its model is in the bucket.
    """
    for name in _attempts(base):
        job = describe(sagemaker, name)
        if job is None:
            return None, name
        if job.status not in ENDED or (job.status == "Completed" and _has_model(bucket, job)):
            return job, name
    raise TrainingError(f"{base} failed {MAX_ATTEMPTS} times: change a hyperparameter, or look at its log")


def _attempts(base: str) -> Iterator[str]:
    yield base
    yield from (f"{base}-{attempt}" for attempt in range(2, MAX_ATTEMPTS + 1))


def _has_model(bucket: Bucket, job: TrainingJob) -> bool:
    location = urlsplit(job.model_data or "")
    return location.netloc == bucket.name and bucket.has(location.path.lstrip("/"))
