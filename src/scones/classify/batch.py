"""The command `scones classify-batch`: many images in one execution of a distributed map."""

import json
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from botocore.client import BaseClient

from scones import output_folder
from scones.buckets import Bucket
from scones.classify.executions import cause_text
from scones.console import Meter, keeps_running
from scones.context import Context
from scones.deployment import endpoint
from scones.errors import ExecutionsError, MissingError
from scones.polling import poll
from scones.stack.outputs import require_output, require_workflow

TIMEOUT_S = 86_400
PREFIX = "batches"
RECORD = "batch.json"
FAILURES_SHOWN = 50


@dataclass(frozen=True)
class Source:
    """The images of a batch: a prefix in the bucket, or the key of a manifest, which is a JSON list of keys."""

    prefix: str = "test/"
    manifest: str | None = None

    @property
    def fields(self) -> dict[str, str]:
        return {"manifest": self.manifest} if self.manifest else {"prefix": self.prefix}


@dataclass(frozen=True)
class Result:
    """The result for one image. outcome: succeeded, below_threshold or failed."""

    key: str
    outcome: str
    vehicle: str | None = None
    confidence: float | None = None
    error: str | None = None
    cause: str | None = None

    @classmethod
    def from_wire(cls, child: Mapping[str, Any]) -> "Result":
        """Parse the description of a child workflow in a file that Step Functions' ResultWriter wrote."""
        key = json.loads(child["Input"])["s3_key"]
        if child["Status"] != "SUCCEEDED":
            return cls(key, "failed", error=child.get("Error", child["Status"]), cause=child.get("Cause"))
        output = json.loads(child["Output"])
        return cls(key, output["outcome"], output.get("class"), output.get("confidence"))


def classify_batch(context: Context, source: Source) -> list[Result]:
    """Classify all images of a source, and report how many succeeded and which failed."""
    state_machine = require_output(context, "BatchStateMachineArn")
    bucket = context.data_bucket
    require_manifest(bucket, source)
    endpoint.require_in_service(context, require_workflow(context).endpoint)
    output_folder.require_writable(context.settings.out)
    arn = start(context, state_machine, source)
    context.console.say(f"Started {arn}")
    with keeps_running(f"batch {arn} (aws stepfunctions stop-execution --execution-arn {arn})"):
        answer = follow(context, arn)
    batch_results = results(bucket, answer)
    if not batch_results:
        field, value = next(iter(source.fields.items()))
        raise MissingError(f"s3://{bucket.name} has no image to classify: {field} {value!r} matches none")
    report(context, batch_results)
    return batch_results


def require_manifest(bucket: Bucket, source: Source) -> None:
    if source.manifest and not bucket.has(source.manifest):
        raise MissingError(f"there is no {bucket.uri(source.manifest)}: --manifest is the key of a JSON list of keys")


def start(context: Context, state_machine: str, source: Source) -> str:
    name = f"batch-{secrets.token_hex(4)}"
    batch_input = {
        "s3_bucket": context.data_bucket.name,
        **source.fields,
        "max_concurrency": context.settings.concurrency,
        "tolerated_failure_percentage": context.settings.tolerated_failure_percentage,
        "results_prefix": f"{PREFIX}/{name}",
    }
    arn: str = context.client("stepfunctions").start_execution(
        stateMachineArn=state_machine, name=name, input=json.dumps(batch_input)
    )["executionArn"]
    return arn


def follow(context: Context, arn: str) -> Mapping[str, Any]:
    """Wait until the execution succeeds, showing the counts of its map run. Return DescribeExecution's answer.

    Raises:
        ExecutionsError: the execution ended in any other way.
    """
    stepfunctions = context.client("stepfunctions")
    with context.console.meter("Classifying") as meter:
        for _ in poll(TIMEOUT_S):
            answer: Mapping[str, Any] = stepfunctions.describe_execution(executionArn=arn)
            counts = item_counts(stepfunctions, arn)
            show_counts(counts, meter)
            if answer["status"] == "SUCCEEDED":
                return answer
            if answer["status"] != "RUNNING":
                failed = f"{counts['failed']} images failed; " if counts.get("failed") else ""
                reason = f"{answer.get('error', 'no error given')}: {cause_text(answer.get('cause'))}"
                raise ExecutionsError(f"batch {arn} is {answer['status']}: {failed}{reason}")
    raise ExecutionsError(f"batch {arn} was still running after {TIMEOUT_S} s")


def item_counts(stepfunctions: BaseClient, arn: str) -> Mapping[str, int]:
    """Return the counts of the execution's map run. Empty until the map run has started."""
    map_runs = stepfunctions.list_map_runs(executionArn=arn)["mapRuns"]
    if not map_runs:
        return {}
    counts: Mapping[str, int] = stepfunctions.describe_map_run(mapRunArn=map_runs[0]["mapRunArn"])["itemCounts"]
    return counts


def show_counts(counts: Mapping[str, int], meter: Meter) -> None:
    if counts:
        ended = counts["succeeded"] + counts["failed"] + counts["timedOut"] + counts["aborted"]
        text = f"{ended} of {counts['total']} ended, {counts['running']} running, {counts['failed']} failed"
        meter.update(text, completed=ended, total=counts["total"])


def results(bucket: Bucket, answer: Mapping[str, Any]) -> list[Result]:
    """Return the results that an execution wrote, sorted by key."""
    manifest = json.loads(answer["output"])["ResultWriterDetails"]["Key"]
    return sorted((Result.from_wire(child) for child in children(bucket, manifest)), key=lambda result: result.key)


def children(bucket: Bucket, manifest_key: str) -> Iterator[Mapping[str, Any]]:
    """Yield the child workflows in all files that a ResultWriter's manifest names."""
    manifest = json.loads(bucket.get(manifest_key, written_by="classify-batch"))
    for file in (file for files in manifest["ResultFiles"].values() for file in files):
        yield from json.loads(bucket.get(file["Key"], written_by="classify-batch"))


def report(context: Context, batch_results: list[Result]) -> None:
    """Write all results to a file; print counts, classes and the failures."""
    file, console = context.settings.out / RECORD, context.console
    output_folder.write_whole(file, json.dumps([asdict(result) for result in batch_results], indent=2) + "\n")
    console.done(f"{summary(batch_results)} ({file})")
    classes = Counter(result.vehicle for result in batch_results if result.vehicle)
    if classes:
        console.say(", ".join(f"{name} {count}" for name, count in classes.most_common()))
    failed = [result for result in batch_results if result.outcome == "failed"]
    for result in failed[:FAILURES_SHOWN]:
        console.warn(f"{result.key}: {result.error}: {cause_text(result.cause)}")
    if len(failed) > FAILURES_SHOWN:
        console.warn(f"and {len(failed) - FAILURES_SHOWN} more, listed in {RECORD}")


def summary(batch_results: list[Result]) -> str:
    counts = Counter(result.outcome for result in batch_results)
    return (
        f"{len(batch_results)} results: {counts['succeeded']} succeeded, "
        f"{counts['below_threshold']} below the threshold, {counts['failed']} failed"
    )
