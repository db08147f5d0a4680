"""Step 2: train with SageMaker, following the job's status and log."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones import buckets, output_folder
from scones.console import Meter
from scones.context import PROJECT_TAG, Context
from scones.dataset import staging
from scones.dataset.manifests import SPLITS, Dataset
from scones.errors import SettingsError, TrainingError, is_unknown_name, message_of
from scones.logs import TRAINING_JOBS, LogReader
from scones.polling import poll
from scones.training import role

MAX_RUN_S = 3600
STARTING_S = 900
ROLE_SPREADS_S = 60
ENDED = {"Completed", "Failed", "Stopped"}
VALIDATION = re.compile(r"Validation-accuracy=([0-9.]+)")
EPOCH = re.compile(r"Epoch\[(\d+)\] (Validation-accuracy|Train-accuracy)=([0-9.]+)")


@dataclass(frozen=True)
class TrainingJob:
    name: str
    status: str
    secondary_status: str
    failure_reason: str | None
    image_uri: str
    model_data: str | None
    seconds: float | None
    final_validation_accuracy: float | None
    epochs: int | None

    @classmethod
    def from_wire(cls, answer: Mapping[str, Any]) -> "TrainingJob":
        metrics = {item["MetricName"]: float(item["Value"]) for item in answer.get("FinalMetricDataList", [])}
        epochs = answer.get("HyperParameters", {}).get("epochs", "").strip('"')
        return cls(
            name=answer["TrainingJobName"],
            status=answer["TrainingJobStatus"],
            secondary_status=answer.get("SecondaryStatus", ""),
            failure_reason=answer.get("FailureReason"),
            image_uri=answer["AlgorithmSpecification"].get("TrainingImage", ""),
            model_data=answer.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
            seconds=training_seconds(answer),
            final_validation_accuracy=metrics.get("validation:accuracy"),
            epochs=int(epochs) if epochs.isdecimal() else None,
        )


def training_seconds(answer: Mapping[str, Any]) -> float | None:
    if "TrainingTimeInSeconds" in answer:
        return float(answer["TrainingTimeInSeconds"])
    if "TrainingStartTime" in answer and "TrainingEndTime" in answer:
        return float((answer["TrainingEndTime"] - answer["TrainingStartTime"]).total_seconds())
    return None


def describe(sagemaker: BaseClient, name: str) -> TrainingJob | None:
    try:
        return TrainingJob.from_wire(sagemaker.describe_training_job(TrainingJobName=name))
    except ClientError as error:
        if is_unknown_name(error):
            return None
        raise


def hyperparameters(context: Context, dataset: Dataset) -> dict[str, str]:
    of_data = {"num_classes": str(len(dataset.classes)), "num_training_samples": str(dataset.train_images)}
    return {**of_data, **context.settings.hyperparameters}


def base_name(context: Context, dataset: Dataset) -> str:
    """The same data, hyperparameters, image and place for the model give the same name."""
    parts = {
        "dataset": dataset.digest,
        "hyperparameters": hyperparameters(context, dataset),
        "image": context.settings.image_uri or "image-classification",
        "bucket": context.bucket,
    }
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]
    return f"{context.settings.endpoint_name}-{digest}"


def attempts(base: str) -> Iterator[str]:
    yield base
    yield from (f"{base}-{attempt}" for attempt in range(2, 100))


def has_model(context: Context, job: TrainingJob) -> bool:
    location = urlsplit(job.model_data or "")
    return location.netloc == context.bucket and buckets.has(context, location.path.lstrip("/"))


def latest(context: Context, dataset: Dataset) -> tuple[TrainingJob | None, str]:
    """The last attempt if it runs or can be used, and the name that a new one would have."""
    last: TrainingJob | None = None
    for name in attempts(base_name(context, dataset)):
        job = describe(context.client("sagemaker"), name)
        if job is None:
            return last, name
        usable = job.status not in ENDED or (job.status == "Completed" and has_model(context, job))
        last = job if usable else None
        if usable:
            return last, name
    raise TrainingError(
        f"{base_name(context, dataset)} was tried 99 times: change a hyperparameter, or look at its log"
    )


def channels(context: Context) -> dict[str, str]:
    place = f"s3://{context.bucket}"
    return {
        "train": f"{place}/train/",
        "validation": f"{place}/test/",
        "train_lst": f"{place}/train.lst",
        "validation_lst": f"{place}/test.lst",
    }


def once_role_is_known(start: Callable[[], None], timeout_s: float = ROLE_SPREADS_S, interval_s: float = 5) -> None:
    """Call until it is not refused for the role: one that was made a moment ago is not known everywhere yet."""
    refused: ClientError | None = None
    for _ in poll(timeout_s, interval_s):
        try:
            return start()
        except ClientError as error:
            if "assume" not in message_of(error).lower():
                raise
            refused = error
    raise refused or TrainingError(f"no training job could be started within {timeout_s} s")


def start(context: Context, dataset: Dataset, name: str) -> None:
    for split in SPLITS:
        staging.require_images(context, split)
    arn = role.arn(context)
    context.console.say("Loading the SageMaker SDK")
    from scones import sagemaker_sdk as sdk

    request = sdk.TrainingJobRequest(
        name=name,
        image_uri=context.settings.image_uri or sdk.built_in_image_uri(context.region),
        role=arn,
        bucket=context.bucket,
        instance_type=context.settings.training_instance_type,
        hyperparameters=hyperparameters(context, dataset),
        channels=channels(context),
        max_run_s=MAX_RUN_S,
        tags=(PROJECT_TAG,),
    )
    session = sdk.session(context.session, context.client("sagemaker"), context.bucket)
    once_role_is_known(lambda: sdk.start_training_job(request, session))


def show(line: str, job: TrainingJob, meter: Meter) -> None:
    if found := EPOCH.search(line):
        epoch, kind, value = int(found[1]) + 1, found[2].split("-")[0].lower(), float(found[3])
        of = f" of {job.epochs}" if job.epochs else ""
        meter.update(f"epoch {epoch}{of}, {kind} accuracy {value:.3f}", completed=epoch, total=job.epochs)


def follow(context: Context, name: str, reader: LogReader) -> TrainingJob:
    """Wait for a job's end, showing its log as it comes."""
    seen = ""
    with context.console.meter(f"Training {name}") as meter:
        for waited in poll(MAX_RUN_S + STARTING_S):
            job = describe(context.client("sagemaker"), name)
            if job is None:
                raise TrainingError(f"training job {name} is gone: someone deleted it while it was followed")
            if job.secondary_status != seen:
                context.console.say(f"{waited:5.0f} s  {job.secondary_status}")
                seen = job.secondary_status
            for line in reader.read():
                show(line, job, meter)
            if job.status in ENDED:
                return job
    raise TrainingError(f"{name} was still {seen} after {MAX_RUN_S + STARTING_S} s; its log ends\n{reader.tail()}")


def validation_accuracy(job: TrainingJob, lines: list[str]) -> float | None:
    if job.final_validation_accuracy is not None:
        return job.final_validation_accuracy
    return max((float(found[1]) for line in lines if (found := VALIDATION.search(line))), default=None)


def _log_tail_settles(reader: LogReader) -> None:
    """CloudWatch shows the last lines a moment after the job has ended."""
    for _ in poll(5):
        if not reader.read() and reader.lines:
            return


def completed(context: Context, name: str) -> TrainingJob:
    reader = LogReader(context.client("logs"), TRAINING_JOBS, f"{name}/")
    with context.keeps_running(f"training job {name} (aws sagemaker stop-training-job --training-job-name {name})"):
        job = follow(context, name, reader)
    _log_tail_settles(reader)
    log = context.settings.out / "training.log"
    output_folder.write_whole(log, "".join(f"{line}\n" for line in reader.lines))
    if job.status != "Completed":
        why = job.failure_reason or "no reason given"
        raise TrainingError(
            f"training job {name} is {job.status}: {why}\n  its log ends\n{reader.tail()}\n"
            f"  whole log: {log}; `scones train` tries again under a new name"
        )
    accuracy = validation_accuracy(job, reader.lines)
    measured = "" if accuracy is None else f", validation accuracy {accuracy:.3f}"
    context.console.done(f"Training job {name} is Completed in {job.seconds or 0:.0f} s{measured}")
    return job


def accuracy_of(context: Context, job: TrainingJob) -> float | None:
    """Validation accuracy of a job that has ended, from its description or its log."""
    reader = LogReader(context.client("logs"), TRAINING_JOBS, f"{job.name}/")
    return validation_accuracy(job, reader.read() if job.final_validation_accuracy is None else [])


def require_classes(context: Context, dataset: Dataset) -> None:
    if dataset.classes != context.settings.classes:
        staged, wanted = (",".join(names) for names in (dataset.classes, context.settings.classes))
        raise SettingsError(
            f"s3://{context.bucket} holds {staged}, and CLASSES is {wanted}: run `scones stage`, or set it"
        )


def train(context: Context) -> TrainingJob:
    dataset = staging.recorded(context)
    require_classes(context, dataset)
    job, name = latest(context, dataset)
    if job is not None and job.status == "Completed":
        context.console.done(f"Training job {job.name} is Completed already, for this data and these hyperparameters")
        return job
    if job is None:
        start(context, dataset, name)
        context.console.say(f"Started training job {name} on {context.settings.training_instance_type}")
    else:
        context.console.say(f"Training job {name} runs already: following it")
    return completed(context, name)


def trained(context: Context) -> TrainingJob:
    """The completed job for what is staged."""
    job, name = latest(context, staging.recorded(context))
    if job is None or job.status != "Completed":
        raise TrainingError(f"there is no completed training job {name}: run `scones train` first")
    return job
