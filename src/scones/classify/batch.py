"""Many images at once: the batch's state machine started, followed by what its map run counts, and its results read."""

import json
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from botocore.client import BaseClient

from scones import buckets, output_folder
from scones.classify.executions import cause_text
from scones.console import Meter, keeps_running
from scones.context import Context
from scones.deployment import endpoint
from scones.errors import ExecutionsError, MissingError
from scones.polling import poll
from scones.stack import outputs

TIMEOUT_S = 86_400
PREFIX = "batches"
RECORD = "batch.json"
SHOWN = 50


@dataclass(frozen=True)
class Source:
    """A prefix, or the key of a manifest: a JSON list of keys. Both in the bucket."""

    prefix: str = "test/"
    manifest: str | None = None

    @property
    def fields(self) -> dict[str, str]:
        return {"manifest": self.manifest} if self.manifest else {"prefix": self.prefix}


@dataclass(frozen=True)
class Result:
    """One image of a batch. outcome: succeeded, below_threshold or failed."""

    key: str
    outcome: str
    vehicle: str | None = None
    confidence: float | None = None
    error: str | None = None
    cause: str | None = None

    @classmethod
    def of_child(cls, child: Mapping[str, Any]) -> "Result":
        """From what Step Functions' ResultWriter says of a child workflow."""
        key = json.loads(child["Input"])["s3_key"]
        if child["Status"] != "SUCCEEDED":
            return cls(key, "failed", error=child.get("Error", child["Status"]), cause=child.get("Cause"))
        output = json.loads(child["Output"])
        return cls(key, output["outcome"], output.get("class"), output.get("confidence"))


def start(context: Context, state_machine: str, source: Source) -> str:
    name = f"batch-{secrets.token_hex(4)}"
    given = {
        "s3_bucket": context.bucket,
        **source.fields,
        "max_concurrency": context.settings.concurrency,
        "tolerated_failure_percentage": context.settings.tolerated_failure_percentage,
        "results_prefix": f"{PREFIX}/{name}",
    }
    arn: str = context.client("stepfunctions").start_execution(
        stateMachineArn=state_machine, name=name, input=json.dumps(given)
    )["executionArn"]
    return arn


def counts(stepfunctions: BaseClient, arn: str) -> Mapping[str, int]:
    """Of the execution's map run; empty until it has begun."""
    found = stepfunctions.list_map_runs(executionArn=arn)["mapRuns"]
    if not found:
        return {}
    counted: Mapping[str, int] = stepfunctions.describe_map_run(mapRunArn=found[0]["mapRunArn"])["itemCounts"]
    return counted


def show(counted: Mapping[str, int], meter: Meter) -> None:
    if counted:
        ended = counted["succeeded"] + counted["failed"] + counted["timedOut"] + counted["aborted"]
        text = f"{ended} of {counted['total']} ended, {counted['running']} under way, {counted['failed']} failed"
        meter.update(text, completed=ended, total=counted["total"])


def follow(context: Context, arn: str) -> Mapping[str, Any]:
    """DescribeExecution's answer when it has succeeded."""
    stepfunctions = context.client("stepfunctions")
    with context.console.meter("Classifying") as meter:
        for _ in poll(TIMEOUT_S):
            answer: Mapping[str, Any] = stepfunctions.describe_execution(executionArn=arn)
            show(counted := counts(stepfunctions, arn), meter)
            if answer["status"] == "SUCCEEDED":
                return answer
            if answer["status"] != "RUNNING":
                failed = f"{counted['failed']} images failed; " if counted.get("failed") else ""
                why = f"{answer.get('error', 'no error given')}: {cause_text(answer.get('cause'))}"
                raise ExecutionsError(f"batch {arn} is {answer['status']}: {failed}{why}")
    raise ExecutionsError(f"batch {arn} was still running after {TIMEOUT_S} s")


def children(context: Context, key: str) -> Iterator[Mapping[str, Any]]:
    """Of all files that a ResultWriter's manifest names."""
    manifest = json.loads(buckets.get(context, key, made_by="classify-batch"))
    for file in (file for files in manifest["ResultFiles"].values() for file in files):
        yield from json.loads(buckets.get(context, file["Key"], made_by="classify-batch"))


def results(context: Context, answer: Mapping[str, Any]) -> list[Result]:
    manifest = json.loads(answer["output"])["ResultWriterDetails"]["Key"]
    found = [Result.of_child(child) for child in children(context, manifest)]
    return sorted(found, key=lambda result: result.key)


def summary(found: list[Result]) -> str:
    counted = Counter(result.outcome for result in found)
    return (
        f"{len(found)} results: {counted['succeeded']} succeeded, {counted['below_threshold']} below the threshold, "
        f"{counted['failed']} failed"
    )


def report(context: Context, found: list[Result]) -> None:
    output_folder.write_whole(
        context.settings.out / RECORD, json.dumps([asdict(result) for result in found], indent=2) + "\n"
    )
    context.console.done(f"{summary(found)} ({context.settings.out / RECORD})")
    classes = Counter(result.vehicle for result in found if result.vehicle)
    if classes:
        context.console.say(", ".join(f"{name} {count}" for name, count in classes.most_common()))
    failed = [result for result in found if result.outcome == "failed"]
    for result in failed[:SHOWN]:
        context.console.warn(f"{result.key}: {result.error}: {cause_text(result.cause)}")
    if len(failed) > SHOWN:
        context.console.warn(f"and {len(failed) - SHOWN} more: {RECORD} names them")


def require_manifest(context: Context, source: Source) -> None:
    if source.manifest and not buckets.has(context, source.manifest):
        raise MissingError(
            f"there is no s3://{context.bucket}/{source.manifest}: --manifest is the key of a JSON list of keys"
        )


def classify_batch(context: Context, source: Source) -> list[Result]:
    state_machine = outputs.require_output(context, "BatchStateMachineArn")
    require_manifest(context, source)
    endpoint.require_in_service(context)
    output_folder.prove_writable(context)
    arn = start(context, state_machine, source)
    context.console.say(f"Started {arn}")
    with keeps_running(f"batch {arn} (aws stepfunctions stop-execution --execution-arn {arn})"):
        answer = follow(context, arn)
    found = results(context, answer)
    if not found:
        raise MissingError(f"there was nothing to classify in s3://{context.bucket} by {source.fields}")
    report(context, found)
    return found
