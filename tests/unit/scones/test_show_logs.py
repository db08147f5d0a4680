"""`scones logs`: the newest log, its lines in order and once each, and the cause of a failed execution in one line."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from scones.context import Context
from scones.errors import MissingError
from scones.show_logs.executions import History, ending, newest_execution
from scones.show_logs.lines import Line, show, style_of
from scones.show_logs.show import show_log
from scones.show_logs.streams import Streams, newest_group, newest_stream

GROUP = "/aws/sagemaker/TrainingJobs"
NOW_MS = int(datetime.now(UTC).timestamp() * 1000)
LAMBDA_CAUSE = json.dumps({"errorMessage": "confidence 0.61\nis below 0.93", "errorType": "X", "stackTrace": ["..."]})


@pytest.fixture
def write(context: Context) -> Any:
    """Return a function that writes lines to a stream, each a second after the one before."""
    logs = context.client("logs")

    def write_lines(stream: str, *texts: str, after_s: int = 0, group: str = GROUP) -> None:
        if not any(g["logGroupName"] == group for g in logs.describe_log_groups()["logGroups"]):
            logs.create_log_group(logGroupName=group)
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        if not any(each["logStreamName"] == stream for each in streams):
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
        times = [NOW_MS + (after_s + index) * 1000 for index in range(len(texts))]
        events = [{"timestamp": time, "message": text} for time, text in zip(times, texts, strict=True)]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    return write_lines


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def test_the_lines_of_all_hosts_are_in_the_order_of_time_and_read_once(context: Context, write: Any) -> None:
    write("job/algo-1", "one", "four", after_s=0)
    write("job/algo-2", "two\nthree", after_s=0)
    write("other/algo-1", "not ours")
    reader = Streams(context.client("logs"), GROUP, "job/")
    assert texts(reader.read()) == ["one", "two", "three", "four"]
    assert reader.read() == []
    write("job/algo-2", "five", after_s=1)  # in the millisecond that was read last
    assert texts(reader.read()) == ["five"]


def test_a_log_that_does_not_exist_has_no_lines(context: Context) -> None:
    logs = context.client("logs")
    assert Streams(logs, GROUP).read() == []
    assert newest_stream(logs, GROUP) is None
    assert newest_group(logs, "/aws/lambda/") is None


def test_the_newest_is_the_one_that_was_written_last(context: Context, write: Any) -> None:
    write("new/algo-1", "x", after_s=60)
    write("old/algo-1", "x")
    write("s", "x", after_s=60, group="/aws/lambda/b")
    write("s", "x", group="/aws/lambda/c")
    assert newest_stream(context.client("logs"), GROUP) == "new/algo-1"
    assert newest_group(context.client("logs"), "/aws/lambda/") == "/aws/lambda/b"


def test_without_a_log_the_message_says_which_step_writes_one(context: Context) -> None:
    for kind, step in (("train", "train"), ("endpoint", "endpoint"), ("function", "classify")):
        with pytest.raises(MissingError, match=f"`scones {step}`"):
            show_log(context, kind, None, follows=False, count=10)


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("2026-11-26 ERROR no such bay", "red"),
        ("ValueError: 3", "red"),
        ("Traceback (most recent call last):", "red"),
        ("UserWarning: slow", "yellow"),
        ("[WARNING] slow", "yellow"),
        ("Epoch[0] Train-accuracy=0.9", ""),
        ("no errors, no warnings", ""),
    ],
)
def test_errors_are_red_and_warnings_are_yellow(text: str, style: str) -> None:
    assert style_of(text) == style


def test_a_line_has_its_time_and_no_control_sequences() -> None:
    output = io.StringIO()
    show(Console(file=output, highlight=False), Line(NOW_MS, "a [bold]line[/bold] \x1b]0;title\x07of a program\n"))
    assert re.fullmatch(r"\d\d:\d\d:\d\d a \[bold\]line\[/bold\] of a program\n", output.getvalue())


class StepFunctions:
    """A client that knows two machines and their executions."""

    def __init__(self) -> None:
        self.machines = {"classify": ["c2", "c1"], "train": ["t1"]}
        self.events: list[Any] = []
        self.answer: dict[str, str] = {"status": "RUNNING"}

    def get_paginator(self, operation: str) -> Any:
        pages = {
            "list_state_machines": {
                "stateMachines": [{"name": name, "stateMachineArn": name, "type": "STANDARD"} for name in self.machines]
            },
            "get_execution_history": {"events": self.events},
        }
        return Paginator(pages[operation])

    def list_executions(self, stateMachineArn: str) -> Any:  # noqa: N803
        names = self.machines[stateMachineArn]
        day = {"c2": 2, "c1": 1, "t1": 3}
        executions = [
            {"name": name, "executionArn": f"arn:{name}", "startDate": datetime(2026, 1, day[name], tzinfo=UTC)}
            for name in names
        ]
        return {"executions": executions}

    def describe_execution(self, executionArn: str) -> Any:  # noqa: N803
        return self.answer

    def happened(self, kind: str, **details: Any) -> None:
        self.events.append({"type": kind, "timestamp": datetime.now(UTC), **details})


class Paginator:
    def __init__(self, page: dict[str, Any]) -> None:
        self.page = page

    def paginate(self, reverseOrder: bool = False, **_: str) -> Any:  # noqa: N803
        return [{name: values[:: -1 if reverseOrder else 1] for name, values in self.page.items()}]


@pytest.mark.parametrize(
    ("name", "arn"),
    [(None, "arn:t1"), ("classify", "arn:c2"), ("c1", "arn:c1"), ("arn:x:execution:y", "arn:x:execution:y")],
)
def test_an_execution_is_the_newest_or_is_named_by_itself_or_by_its_machine(name: str | None, arn: str) -> None:
    assert newest_execution(StepFunctions(), name) == arn


def test_an_unknown_execution_is_named_in_the_error() -> None:
    with pytest.raises(MissingError, match="'nothing'"):
        newest_execution(StepFunctions(), "nothing")


def test_the_cause_of_a_failed_execution_is_one_line_with_the_state() -> None:
    client: Any = StepFunctions()
    client.happened("ExecutionStarted")
    client.happened("TaskStateEntered", stateEnteredEventDetails={"name": "Filter"})
    client.happened("LambdaFunctionFailed", lambdaFunctionFailedEventDetails={"error": "Low", "cause": LAMBDA_CAUSE})
    history = History(client, "arn")
    assert texts(history.read()) == [
        "execution started",
        "→ Filter",
        "  LambdaFunctionFailed: Low: confidence 0.61 is below 0.93",
    ]
    assert ending(client, "arn") is None
    client.happened("ExecutionFailed", executionFailedEventDetails={"error": "Low", "cause": LAMBDA_CAUSE})
    client.answer = {"status": "FAILED", "error": "Low", "cause": LAMBDA_CAUSE}
    assert len(history.read()) == 1
    assert str(ending(client, "arn")) == "FAILED in Filter: Low: confidence 0.61 is below 0.93"


def test_a_failure_without_cause_and_a_success_are_short() -> None:
    client: Any = StepFunctions()
    client.answer = {"status": "ABORTED"}
    assert str(ending(client, "arn")) == "ABORTED"
    client.answer = {"status": "SUCCEEDED"}
    assert str(ending(client, "arn")) == "SUCCEEDED"
