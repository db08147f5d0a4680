"""The command `scones report`: the captured records of the last run as a chart, an HTML page and a summary."""

import json
import platform
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from scones import output_folder
from scones.classify import run_record
from scones.classify.run_record import Run
from scones.context import Context
from scones.dataset import staged
from scones.dataset.manifests import Dataset
from scones.deployment import endpoint
from scones.errors import CaptureError, MissingError
from scones.logs import TRAINING_JOBS, LogReader
from scones.report import captured_records, confidence_chart, html_page, run_figures
from scones.report.captured_records import CapturedRecord
from scones.report.confidence_chart import Decision
from scones.report.content import Report
from scones.report.curves import curves
from scones.report.evidence import gather
from scones.training.kept_epoch import KeptEpoch, kept_epoch
from scones.training.training_job import TrainingJob

PACKAGES = ("scones-unlimited", "sagemaker", "boto3", "torch")


@dataclass(frozen=True)
class Subject:
    """The subject of a report: the run, the staged data, and the job whose model the endpoint serves."""

    run: Run
    dataset: Dataset
    job: TrainingJob


def report(context: Context) -> None:
    began, out = time.monotonic(), context.settings.out
    run = run_record.read(out)
    require_endpoint(context, run)
    job = endpoint.served_job(context.client("sagemaker"), run.endpoint)
    subject = Subject(run, staged.recorded(context.data_bucket), job)
    all_records = wait_for_records(context, run)
    records = of_run(all_records, run)
    decisions = decisions_of(records, run)
    require_decisions(context, run, decisions, len(all_records))
    if len(records) < run.invocations:
        context.console.warn(
            f"{len(records)} of {run.invocations} invocations are captured so far: "
            "run `scones report` again when the rest has arrived"
        )
    confidence_chart.draw(decisions, run.threshold, subject.dataset.classes, out / "confidence.png")
    output_folder.record_seconds(out, "report", time.monotonic() - began)
    before = run_figures.run_before(out / "summary.json", run.id)
    lines = LogReader(context.client("logs"), TRAINING_JOBS, f"{job.name}/").read()
    summary = {
        **summarize(context, subject, kept_epoch(lines), len(records)),
        "run": run_figures.figures_of(run, records, model_of_run(context, run, job)),
        "run_before": before,
        "settings": settings_of(context, job),
        "versions": versions(),
    }
    output_folder.write_whole(out / "summary.json", json.dumps(summary, indent=2) + "\n")
    evidence = gather(context.data_bucket, run.endpoint, job.name, context.settings.project)
    html = html_page.render(Report(summary, run, records, len(all_records), curves(lines), evidence))
    output_folder.write_whole(out / "index.html", html)
    context.console.done(
        f"{len(records)} captured records of this run, {len(all_records)} in all: {out / 'index.html'}"
    )


def wait_for_records(context: Context, run: Run) -> list[CapturedRecord]:
    """Return all records of the endpoint. Wait only while records of the run can still arrive."""
    is_settled = has_settled(run, datetime.now(UTC))
    return captured_records.read_all(
        context.data_bucket,
        run.endpoint,
        lambda records: is_settled or len(of_run(records, run)) >= run.invocations,
        context.console,
    )


def has_settled(run: Run, now: datetime) -> bool:
    """Return whether the last execution ended so long ago that no more records will arrive."""
    ends = [datetime.fromisoformat(execution.stopped) for execution in run.executions]
    return all((now - end.astimezone(UTC)).total_seconds() > captured_records.TIMEOUT_S for end in ends)


def of_run(records: list[CapturedRecord], run: Run) -> list[CapturedRecord]:
    """Return the run's records: the state machine sends its execution's name as the inference id."""
    names = {execution.name for execution in run.executions}
    return [record for record in records if record.inference_id in names]


def decisions_of(records: list[CapturedRecord], run: Run) -> list[Decision]:
    """Return the decisions, with the times of the execution history: the capture has whole seconds only."""
    by_name = {execution.name: execution for execution in run.executions}
    pairs = [(record, by_name[record.inference_id or ""]) for record in records if record.probabilities]
    return [
        Decision(
            datetime.fromisoformat(execution.classified) if execution.classified else record.time,
            record.prediction,
            record.confidence,
            execution.label,
        )
        for record, execution in pairs
    ]


def require_endpoint(context: Context, run: Run) -> None:
    if endpoint.describe(context.client("sagemaker"), run.endpoint) is None:
        raise MissingError(
            f"there is no endpoint {run.endpoint}: {source_of(context, run)}. Run `scones endpoint` before it"
        )


def require_decisions(context: Context, run: Run, decisions: list[Decision], record_count: int) -> None:
    if not decisions:
        uri = context.data_bucket.uri(captured_records.prefix_of(run.endpoint))
        raise CaptureError(
            f"{uri} has no record of run {run.id} ({record_count} of others): {source_of(context, run)}. If it is the "
            "right run, look at its failed executions"
        )


def source_of(context: Context, run: Run) -> str:
    """Return where the run and its endpoint are from, and how to report on another: no option chooses them."""
    settings = context.settings
    file = settings.out / run_record.RECORD
    told = f"the report is about run {run.id} of endpoint {run.endpoint}, which {file} names"
    if run.endpoint != settings.endpoint_name:
        told += f", and not about endpoint {settings.endpoint_name} of the settings"
    return f"{told}; `scones classify` writes this file anew, and --out names the folder of another run"


def model_of_run(context: Context, run: Run, job: TrainingJob) -> str:
    description = endpoint.describe(context.client("sagemaker"), run.endpoint)
    if description is None:
        return job.name
    return run_figures.model_of(run, job.name, description["LastModifiedTime"], context.settings.out / "summary.json")


def settings_of(context: Context, job: TrainingJob) -> dict[str, Any]:
    """Return the settings that determine the results."""
    settings = context.settings
    description = context.client("sagemaker").describe_training_job(TrainingJobName=job.name)
    hyperparameters = description.get("HyperParameters", {})
    return {
        "region": context.region,
        "bucket": context.data_bucket.name,
        "classes": ", ".join(settings.classes),
        "near_classes": ", ".join(settings.near_classes),
        "threshold": settings.threshold,
        "training_image": job.image_uri,
        "training_instance_type": settings.training_instance_type,
        "endpoint_instance_type": settings.endpoint_instance_type,
        "hyperparameters": ", ".join(f"{name}={value}" for name, value in sorted(hyperparameters.items())),
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that took part."""
    installed = {}
    for name in PACKAGES:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {"python": platform.python_version(), **installed, "system": platform.platform(terse=True)}


def summarize(context: Context, subject: Subject, kept: KeptEpoch | None, record_count: int) -> dict[str, Any]:
    """Return the content of summary.json, but for the figures of the run.

    training_job is that of the model in service, and validation_accuracy that of the epoch whose model it kept.
    step_seconds has the last duration of each command, whatever it was about.
    """
    run, dataset, job = subject.run, subject.dataset, subject.job
    description = endpoint.describe(context.client("sagemaker"), run.endpoint)
    return {
        "target": context.settings.target,
        "dataset": dataset.name,
        "classes": list(dataset.classes),
        "train_images": dataset.train_images,
        "test_images": dataset.test_images,
        "training_job": {
            "name": job.name,
            "status": job.status,
            "validation_accuracy": kept.accuracy if kept else None,
            "kept_epoch": kept.epoch if kept else None,
            "training_seconds": job.seconds,
        },
        "endpoint": {"name": run.endpoint, "status": description["EndpointStatus"] if description else "deleted"},
        "executions": {
            "started": len(run.executions),
            **{outcome: run.count(outcome) for outcome in ("succeeded", "below_threshold", "failed")},
        },
        "captured_records": record_count,
        "invocations": run.invocations,
        "step_seconds": output_folder.step_seconds(context.settings.out),
    }
