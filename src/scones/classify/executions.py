"""Start executions of the state machine, one for each image, and follow each to its end."""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from botocore.client import BaseClient

from display import causes
from scones.classify.images import Image
from scones.console import Console
from scones.errors import ExecutionsError
from scones.polling import poll

FIRST_INTERVAL_S, INTERVAL_S = 0.05, 0.5
"""The pauses double from the first to the second: a workflow takes 0.03 s on the local AWS, a second or more on AWS."""
TIMEOUT_S = 960
# An execution that fails with this error counts as below the threshold, not as failed.
BELOW_THRESHOLD = "ThresholdConfidenceNotMet"
CLASSIFY_STATE = "Classify"
CAUSE_MAX = 300


@dataclass(frozen=True)
class Execution:
    """One execution, which classified one image. outcome: succeeded, below_threshold or failed."""

    name: str
    key: str
    label: int | None
    outcome: str
    probabilities: tuple[float, ...]
    invocations: int
    error: str | None
    cause: str | None
    started: str
    classified: str | None
    stopped: str

    @property
    def prediction(self) -> int | None:
        return self.probabilities.index(max(self.probabilities)) if self.probabilities else None


@dataclass(frozen=True)
class Executor:
    """A runner of the state machine on images of one bucket."""

    stepfunctions: BaseClient
    state_machine: str
    bucket: str

    def run_all(self, images: list[Image], run_id: str, concurrency: int, console: Console) -> list[Execution]:
        """Run one execution per image, and return them in the order in which they started."""
        executions: list[Execution] = []
        with workers(concurrency) as (pool, stop), console.meter("Classifying", len(images)) as meter:
            futures = [
                pool.submit(self.run, image, execution_name(image, run_id, number), stop)
                for number, image in enumerate(images, 1)
            ]
            for future in as_completed(futures):
                executions.append(future.result())
                meter.update(tally(executions), completed=len(executions))
        return sorted(executions, key=lambda execution: execution.started)

    def run(self, image: Image, name: str, stop: threading.Event) -> Execution:
        arn = self.start(image.key, name)
        answer = self._ended(arn, stop)
        exits = classify_exits(history(self.stepfunctions, arn))
        last_output = exits[-1]["stateExitedEventDetails"].get("output", "") if exits else ""
        return Execution(
            name=name,
            key=image.key,
            label=image.label,
            outcome=outcome_of(answer),
            probabilities=probabilities_in(last_output),
            invocations=len(exits),
            error=answer.get("error"),
            cause=answer.get("cause"),
            started=answer["startDate"].isoformat(),
            classified=exits[-1]["timestamp"].isoformat() if exits else None,
            stopped=answer["stopDate"].isoformat(),
        )

    def start(self, key: str, name: str) -> str:
        """Start an execution for the image under a key, and return its ARN."""
        event = {"image_data": "", "s3_bucket": self.bucket, "s3_key": key, "inferences": []}
        arn: str = self.stepfunctions.start_execution(
            stateMachineArn=self.state_machine, name=name, input=json.dumps(event)
        )["executionArn"]
        return arn

    def _ended(self, arn: str, stop: threading.Event) -> Mapping[str, Any]:
        """Wait for the end, and return DescribeExecution's answer. stop ends the wait with an error."""
        pause_s = FIRST_INTERVAL_S
        for _ in poll(TIMEOUT_S, interval_s=0):
            answer: Mapping[str, Any] = self.stepfunctions.describe_execution(executionArn=arn)
            if answer["status"] != "RUNNING":
                return answer
            if stop.wait(pause_s):
                break
            pause_s = min(2 * pause_s, INTERVAL_S)
        raise ExecutionsError(f"execution {arn} was not followed to its end (limit {TIMEOUT_S} s)")


@contextmanager
def workers(count: int) -> Iterator[tuple[ThreadPoolExecutor, threading.Event]]:
    """Provide a thread pool, and an event that is set on exit so that its work ends early."""
    stop = threading.Event()
    pool = ThreadPoolExecutor(count)
    try:
        yield pool, stop
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def execution_name(image: Image, run_id: str, number: int) -> str:
    """Return a unique name of at most 64 characters: the workflow also uses it as the inference id."""
    stem = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in PurePosixPath(image.key).stem)
    return f"{stem[:44]}-{run_id}-{number:04d}"


# ---- Step Functions' answers ----


def history(stepfunctions: BaseClient, arn: str) -> list[Mapping[str, Any]]:
    pages = stepfunctions.get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


def classify_exits(events: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the events of leaving the Classify state: one for each time that the endpoint answered."""
    return [event for event in events if event.get("stateExitedEventDetails", {}).get("name") == CLASSIFY_STATE]


def probabilities_in(output: str) -> tuple[float, ...]:
    """Return the probabilities in a state's output. Empty if it has none."""
    try:
        inferences = json.loads(output).get("inferences", [])
    except (ValueError, AttributeError):
        return ()
    return tuple(float(value) for value in inferences)


def outcome_of(answer: Mapping[str, Any]) -> str:
    if answer["status"] == "SUCCEEDED":
        return "succeeded"
    return "below_threshold" if answer.get("error") == BELOW_THRESHOLD else "failed"


def cause_text(cause: str | None) -> str:
    """Return the message in a cause, such as a Lambda function's error, or the cause itself if it has none."""
    return (causes.cause_text(cause or "") or "no cause given")[:CAUSE_MAX]


def tally(executions: list[Execution]) -> str:
    counts = Counter(execution.outcome for execution in executions)
    return (
        f"{len(executions)} ended: {counts['succeeded']} succeeded, "
        f"{counts['below_threshold']} below the threshold, {counts['failed']} failed"
    )
