"""Many images at once: the batch's state machine started, followed by what its map run counts, and its results read."""

import json
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from botocore.client import BaseClient

from scones import bucket, endpoint, timings, workflow
from scones.console import Meter, keeps_running
from scones.errors import ExecutionsError, MissingError
from scones.executions import cause_text
from scones.kit import Kit
from scones.polling import poll

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


def start(kit: Kit, state_machine: str, source: Source) -> str:
    name = f"batch-{secrets.token_hex(4)}"
    given = {
        "s3_bucket": kit.bucket,
        **source.fields,
        "max_concurrency": kit.settings.concurrency,
        "tolerated_failure_percentage": kit.settings.tolerated_failure_percentage,
        "results_prefix": f"{PREFIX}/{name}",
    }
    arn: str = kit.client("stepfunctions").start_execution(
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


def follow(kit: Kit, arn: str) -> Mapping[str, Any]:
    """DescribeExecution's answer when it has succeeded."""
    stepfunctions = kit.client("stepfunctions")
    with kit.console.meter("Classifying") as meter:
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


def children(kit: Kit, key: str) -> Iterator[Mapping[str, Any]]:
    """Of all files that a ResultWriter's manifest names."""
    manifest = json.loads(bucket.get(kit, key, made_by="classify-batch"))
    for file in (file for files in manifest["ResultFiles"].values() for file in files):
        yield from json.loads(bucket.get(kit, file["Key"], made_by="classify-batch"))


def results(kit: Kit, answer: Mapping[str, Any]) -> list[Result]:
    manifest = json.loads(answer["output"])["ResultWriterDetails"]["Key"]
    found = [Result.of_child(child) for child in children(kit, manifest)]
    return sorted(found, key=lambda result: result.key)


def summary(found: list[Result]) -> str:
    counted = Counter(result.outcome for result in found)
    return (
        f"{len(found)} results: {counted['succeeded']} succeeded, {counted['below_threshold']} below the threshold, "
        f"{counted['failed']} failed"
    )


def report(kit: Kit, found: list[Result]) -> None:
    timings.write_whole(kit.settings.out / RECORD, json.dumps([asdict(result) for result in found], indent=2) + "\n")
    kit.console.done(f"{summary(found)} ({kit.settings.out / RECORD})")
    classes = Counter(result.vehicle for result in found if result.vehicle)
    if classes:
        kit.console.say(", ".join(f"{name} {count}" for name, count in classes.most_common()))
    failed = [result for result in found if result.outcome == "failed"]
    for result in failed[:SHOWN]:
        kit.console.warn(f"{result.key}: {result.error}: {cause_text(result.cause)}")
    if len(failed) > SHOWN:
        kit.console.warn(f"and {len(failed) - SHOWN} more: {RECORD} names them")


def require_manifest(kit: Kit, source: Source) -> None:
    if source.manifest and not bucket.has(kit, source.manifest):
        raise MissingError(
            f"there is no s3://{kit.bucket}/{source.manifest}: --manifest is the key of a JSON list of keys"
        )


def classify_batch(kit: Kit, source: Source) -> list[Result]:
    state_machine = workflow.require_output(kit, "BatchStateMachineArn")
    require_manifest(kit, source)
    endpoint.require_in_service(kit)
    timings.prove_writable(kit)
    arn = start(kit, state_machine, source)
    kit.console.say(f"Started {arn}")
    with keeps_running(f"batch {arn} (aws stepfunctions stop-execution --execution-arn {arn})"):
        answer = follow(kit, arn)
    found = results(kit, answer)
    if not found:
        raise MissingError(f"there was nothing to classify in s3://{kit.bucket} by {source.fields}")
    report(kit, found)
    return found
