"""Step 5: test images through the state machine, each execution followed to its end."""

import json
import random
import secrets
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from botocore.client import BaseClient

from scones import output_folder
from scones.console import keeps_running
from scones.context import Context
from scones.dataset import staging
from scones.dataset.manifests import BROKEN, Classes, class_name
from scones.deployment import endpoint
from scones.errors import ExecutionsError, MissingError, SpoiltError
from scones.polling import poll
from scones.stack import outputs

SEED = 7
INTERVAL_S = 0.5
TIMEOUT_S = 960
BELOW_THRESHOLD = "ThresholdConfidenceNotMet"
CLASSIFY = "Classify"
RECORD = "executions.json"


@dataclass(frozen=True)
class Execution:
    """One image's way through the state machine. outcome: succeeded, below_threshold or failed."""

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
class Run:
    """One call of this step: its executions and what they were measured against."""

    id: str
    endpoint: str
    threshold: float
    executions: tuple[Execution, ...]

    def count(self, outcome: str) -> int:
        return sum(execution.outcome == outcome for execution in self.executions)

    @property
    def invocations(self) -> int:
        return sum(execution.invocations for execution in self.executions)


@dataclass(frozen=True)
class Image:
    key: str
    label: int | None


def choose(labels: Mapping[str, int], count: int, seed: int = SEED) -> list[Image]:
    """Equally many of each class, in mixed order, the same ones each time."""
    generator = random.Random(seed)  # noqa: S311 - a sample, not a secret
    by_label = {
        label: sorted(key for key, of in labels.items() if of == label) for label in sorted(set(labels.values()))
    }
    for keys in by_label.values():
        generator.shuffle(keys)
    turns = max((len(keys) for keys in by_label.values()), default=0)
    dealt = [Image(keys[turn], label) for turn in range(turns) for label, keys in by_label.items() if turn < len(keys)]
    return dealt[:count]


def test_images(context: Context) -> dict[str, int]:
    """Label by key, of the test images that are in the bucket."""
    present = staging.require_images(context, "test")
    labels = {f"test/{name}": label for name, label in staging.manifest_of(context, "test").items()}
    return {key: label for key, label in labels.items() if key in present}


def execution_name(image: Image, run_id: str, number: int) -> str:
    """Unique, and at most 64 characters: it is also the inference id."""
    stem = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in PurePosixPath(image.key).stem)
    return f"{stem[:44]}-{run_id}-{number:04d}"


def history(stepfunctions: BaseClient, arn: str) -> list[Mapping[str, Any]]:
    pages = stepfunctions.get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


def classified(events: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Events in which the Classify state was left, one for each time that it succeeded."""
    return [event for event in events if event.get("stateExitedEventDetails", {}).get("name") == CLASSIFY]


def probabilities_in(output: str) -> tuple[float, ...]:
    try:
        inferences = json.loads(output).get("inferences", [])
    except (ValueError, AttributeError):
        return ()
    return tuple(float(value) for value in inferences)


def outcome_of(answer: Mapping[str, Any]) -> str:
    if answer["status"] == "SUCCEEDED":
        return "succeeded"
    return "below_threshold" if answer.get("error") == BELOW_THRESHOLD else "failed"


def ended(stepfunctions: BaseClient, arn: str, stop: threading.Event) -> Mapping[str, Any]:
    for _ in poll(TIMEOUT_S, interval_s=0):
        answer: Mapping[str, Any] = stepfunctions.describe_execution(executionArn=arn)
        if answer["status"] != "RUNNING":
            return answer
        if stop.wait(INTERVAL_S):
            break
    raise ExecutionsError(f"execution {arn} was not followed to its end (limit {TIMEOUT_S} s)")


def execute(context: Context, state_machine: str, image: Image, name: str, stop: threading.Event) -> Execution:
    stepfunctions = context.client("stepfunctions")
    event = {"image_data": "", "s3_bucket": context.bucket, "s3_key": image.key, "inferences": []}
    arn = stepfunctions.start_execution(stateMachineArn=state_machine, name=name, input=json.dumps(event))
    answer = ended(stepfunctions, arn["executionArn"], stop)
    left = classified(history(stepfunctions, arn["executionArn"]))
    return Execution(
        name=name,
        key=image.key,
        label=image.label,
        outcome=outcome_of(answer),
        probabilities=probabilities_in(left[-1]["stateExitedEventDetails"].get("output", "")) if left else (),
        invocations=len(left),
        error=answer.get("error"),
        cause=answer.get("cause"),
        started=answer["startDate"].isoformat(),
        classified=left[-1]["timestamp"].isoformat() if left else None,
        stopped=answer["stopDate"].isoformat(),
    )


@contextmanager
def workers(count: int) -> Iterator[tuple[ThreadPoolExecutor, threading.Event]]:
    """A pool whose work is told to stop when we leave early."""
    stop = threading.Event()
    pool = ThreadPoolExecutor(count)
    try:
        yield pool, stop
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def execute_all(context: Context, state_machine: str, images: list[Image], run_id: str) -> list[Execution]:
    context.client("stepfunctions")  # made once, here: making clients is not safe in threads
    done: list[Execution] = []
    names = [execution_name(image, run_id, number) for number, image in enumerate(images, 1)]
    with (
        workers(context.settings.concurrency) as (pool, stop),
        context.console.meter("Classifying", len(images)) as meter,
    ):
        jobs = [
            pool.submit(execute, context, state_machine, image, name, stop)
            for image, name in zip(images, names, strict=True)
        ]
        for job in as_completed(jobs):
            done.append(job.result())
            meter.update(tally(done), completed=len(done))
    return sorted(done, key=lambda execution: execution.started)


def tally(done: list[Execution]) -> str:
    counts = Counter(execution.outcome for execution in done)
    return (
        f"{len(done)} ended: {counts['succeeded']} succeeded, {counts['below_threshold']} below the threshold, "
        f"{counts['failed']} failed"
    )


def classify(context: Context, keys: tuple[str, ...] = ()) -> Run:
    """Classify the chosen test images, or the objects with these keys."""
    deployed = outputs.require_deployed(context)
    endpoint_name = endpoint.require_in_service(context)
    labels = {} if keys else test_images(context)
    images = [Image(key, None) for key in keys] or choose(labels, context.settings.images)
    if not images:
        raise MissingError(
            f"no image of test.lst is under s3://{context.bucket}/test/: run `scones stage` to put them there again"
        )
    if not keys and len(images) < context.settings.images:
        context.console.say(f"There are {len(images)} test images: all of them are classified")
    run_id = secrets.token_hex(4)
    with keeps_running(f"executions of {deployed.state_machine} that had begun"):
        executions = execute_all(context, deployed.state_machine, images, run_id)
    context.console.done(tally(executions))
    return Run(run_id, endpoint_name, deployed.threshold, tuple(executions))


def raise_failed(executions: tuple[Execution, ...]) -> None:
    """One error for all failed executions: counted by cause, since they mostly share it."""
    failed = [execution for execution in executions if execution.outcome == "failed"]
    if not failed:
        return
    causes = Counter(f"{item.error}: {cause_text(item.cause)}" for item in failed)
    lines = "".join(f"\n  {count} times {cause}" for cause, count in causes.most_common(5))
    raise ExecutionsError(f"{len(failed)} of {len(executions)} executions failed, first {failed[0].key}:{lines}")


def cause_text(cause: str | None) -> str:
    """The message in a Lambda function's error, or the cause as it is."""
    try:
        message = json.loads(cause or "")["errorMessage"]
    except (ValueError, TypeError, LookupError):
        message = cause
    return str(message or "no cause given")[:300]


def describe(execution: Execution, classes: Classes) -> str:
    if not execution.probabilities:
        return f"{execution.key}: {execution.outcome} ({execution.error}: {cause_text(execution.cause)})"
    best = max(execution.probabilities)
    return f"{execution.key}: {class_name(execution.prediction, classes)}, confidence {best:.4f}, {execution.outcome}"


def write(run: Run, folder: Path) -> None:
    output_folder.write_whole(folder / RECORD, json.dumps(asdict(run), indent=2))


def parse_run(text: bytes) -> Run:
    fields = json.loads(text)
    executions = (Execution(**{**item, "probabilities": tuple(item["probabilities"])}) for item in fields["executions"])
    return Run(**{**fields, "executions": tuple(executions)})


def read(folder: Path) -> Run:
    """The last run, as `write` kept it."""
    file = folder / RECORD
    try:
        return parse_run(file.read_bytes())
    except FileNotFoundError as error:
        raise MissingError(f"there is no {file}: run `scones classify` first") from error
    except BROKEN as error:
        raise SpoiltError(f"{file} is not as it was written ({error}): run `scones classify` again") from error
