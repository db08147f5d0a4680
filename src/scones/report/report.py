"""Step 6: what the endpoint captured of the last run, as a picture, a page and a summary."""

import json
import time
from datetime import UTC, datetime
from typing import Any

from scones import output_folder
from scones.classify import executions
from scones.classify.executions import Run
from scones.context import Context
from scones.dataset import staging
from scones.deployment import endpoint
from scones.errors import CaptureError
from scones.report import captured_records, confidence_chart, html_page
from scones.report.captured_records import CapturedRecord
from scones.report.confidence_chart import Decision
from scones.training import training_job


def of_run(records: list[CapturedRecord], run: Run) -> list[CapturedRecord]:
    """Records of the run's executions: the state machine gives its execution's name as the inference id."""
    names = {execution.name for execution in run.executions}
    return [record for record in records if record.inference_id in names]


def decisions_of(records: list[CapturedRecord], run: Run) -> list[Decision]:
    """Times are the execution history's where it has them: the capture's are whole seconds."""
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


def has_settled(run: Run, now: datetime) -> bool:
    """The last execution ended so long ago that no record is still on its way."""
    ends = [datetime.fromisoformat(execution.stopped) for execution in run.executions]
    return all((now - end.astimezone(UTC)).total_seconds() > captured_records.TIMEOUT_S for end in ends)


def summarise(context: Context, run: Run, captured_records: int, seconds: dict[str, float]) -> dict[str, Any]:
    dataset, job = staging.recorded(context), endpoint.served_job(context, run.endpoint)
    found = endpoint.describe(context.client("sagemaker"), run.endpoint)
    return {
        "target": context.settings.target,
        "dataset": dataset.name,
        "classes": list(dataset.classes),
        "train_images": dataset.train_images,
        "test_images": dataset.test_images,
        "training_job": {
            "name": job.name,
            "status": job.status,
            "validation_accuracy": training_job.accuracy_of(context, job),
            "training_seconds": job.seconds,
        },
        "endpoint": {"name": run.endpoint, "status": found["EndpointStatus"] if found else "deleted"},
        "executions": {
            "started": len(run.executions),
            **{outcome: run.count(outcome) for outcome in ("succeeded", "below_threshold", "failed")},
        },
        "captured_records": captured_records,
        "invocations": run.invocations,
        "step_seconds": seconds,
    }


def captured_of(context: Context, run: Run) -> list[CapturedRecord]:
    """All records, waited for only where they can still come."""
    staging.recorded(context)
    endpoint.served_job(context, run.endpoint)
    settled = has_settled(run, datetime.now(UTC))
    return captured_records.read_all(
        context, run.endpoint, lambda found: settled or len(of_run(found, run)) >= run.invocations
    )


def report(context: Context) -> None:
    began, out = time.monotonic(), context.settings.out
    run = executions.read(out)
    everything = captured_of(context, run)
    records = of_run(everything, run)
    decisions = decisions_of(records, run)
    if not decisions:
        raise CaptureError(
            f"s3://{context.bucket}/{captured_records.prefix_of(run.endpoint)} has no record of the last run "
            f"({len(everything)} of others): look at the failed executions, then `scones classify` again"
        )
    if len(records) < run.invocations:
        context.console.warn(
            f"{len(records)} of {run.invocations} invocations were captured up to now: "
            "run `scones report` again when the rest has arrived"
        )
    confidence_chart.draw(decisions, run.threshold, staging.recorded(context).classes, out / "confidence.png")
    output_folder.note(context, "report", time.monotonic() - began)
    summary = summarise(context, run, len(records), output_folder.step_seconds(context))
    output_folder.write_whole(out / "summary.json", json.dumps(summary, indent=2) + "\n")
    html = html_page.render(summary, run, records, len(everything), out / "confidence.png")
    output_folder.write_whole(out / "index.html", html)
    context.console.done(f"{len(records)} captured records of this run, {len(everything)} in all: {out / 'index.html'}")
