"""Find what to show, print it, and follow it until it ends.

A job, an endpoint or a function is found by its log: the newest is the one that was written last. So this works on
every back end, and shows what remains of a job that is no longer listed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from botocore.exceptions import ClientError
from rich.console import Console

from scones.aws_errors import is_unknown_name
from scones.context import Context
from scones.errors import MissingError
from scones.logs import ENDPOINTS, TRAINING_JOBS
from scones.show_logs import executions
from scones.show_logs.lines import Line, show
from scones.show_logs.streams import Streams, newest_group, newest_stream

FUNCTIONS = "/aws/lambda"
POLL_S = 1.0


class Reader(Protocol):
    """A reader of new lines."""

    def read(self) -> list[Line]: ...


@dataclass(frozen=True)
class Log:
    """A log that can be read."""

    title: str
    reader: Reader
    end: Callable[[], tuple[str, str] | None] = lambda: None
    """Return how it ended, in one line, and the line's style; None while it goes on, or if it has no end."""


def show_log(context: Context, kind: str, name: str | None, follows: bool, count: int) -> None:
    """Print the last `count` lines of a log and how it ended; follow it until then.

    Raises MissingError if there is no such log.
    """
    log = FINDERS[kind](context, name)
    console = Console(highlight=False)
    console.print(log.title, style="bold cyan", markup=False, soft_wrap=True)
    end = log.end()  # before the lines: what is written between the two is shown in any case
    for line in log.reader.read()[-count:]:
        show(console, line)
    while follows and end is None:
        time.sleep(POLL_S)
        end = log.end()
        for line in log.reader.read():
            show(console, line)
    if end:
        console.print(end[0], style=end[1], markup=False, soft_wrap=True)


def training_job(context: Context, name: str | None) -> Log:
    logs = context.clients.get("logs")
    stream = None if name else newest_stream(logs, TRAINING_JOBS)
    job = name or (stream or "").partition("/")[0]
    if not job:
        raise MissingError("no training job has written a log: `scones train` starts one")

    def end() -> tuple[str, str] | None:
        answer = context.client("sagemaker").describe_training_job(TrainingJobName=job)
        status = answer["TrainingJobStatus"]
        if status in ("InProgress", "Stopping"):
            return None
        reason = executions.one_line(answer.get("FailureReason"))
        return (f"{job} {status}{f': {reason}' if reason else ''}", "green" if status == "Completed" else "bold red")

    return Log(f"training job {job}", Streams(logs, TRAINING_JOBS, f"{job}/"), _if_known(end))


def endpoint(context: Context, name: str | None) -> Log:
    return _log_of_group(context, "endpoint", ENDPOINTS, name, "`scones endpoint` deploys one")


def function(context: Context, name: str | None) -> Log:
    return _log_of_group(context, "function", FUNCTIONS, name, "`scones classify` invokes some")


def _log_of_group(context: Context, kind: str, parent: str, name: str | None, remedy: str) -> Log:
    """Return the log of a name's group below `parent`; without a name, that of the newest group."""
    logs = context.clients.get("logs")
    group = f"{parent}/{name}" if name else newest_group(logs, f"{parent}/")
    if group is None:
        raise MissingError(f"no {kind} has written a log: {remedy}")
    return Log(f"{kind} {group.removeprefix(f'{parent}/')}", Streams(logs, group))


def execution(context: Context, name: str | None) -> Log:
    client = context.clients.get("stepfunctions")
    arn = executions.newest_execution(client, name)

    def end() -> tuple[str, str] | None:
        ending = executions.ending(client, arn)
        return (str(ending), "green" if ending.status == "SUCCEEDED" else "bold red") if ending else None

    machine, _, execution_name = arn.partition(":execution:")[2].partition(":")
    return Log(f"execution {execution_name} of {machine}", executions.History(client, arn), end)


def _if_known(end: Callable[[], tuple[str, str] | None]) -> Callable[[], tuple[str, str] | None]:
    """Let a job that is no longer listed have ended without a word."""

    def end_or_unknown() -> tuple[str, str] | None:
        try:
            return end()
        except ClientError as error:
            if is_unknown_name(error):
                return ("SageMaker does not know this training job", "yellow")
            raise

    return end_or_unknown


FINDERS: dict[str, Callable[[Context, str | None], Log]] = {
    "train": training_job,
    "endpoint": endpoint,
    "function": function,
    "execution": execution,
}
