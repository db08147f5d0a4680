"""Getting a job's image ready: progress in its log and status, and a stop meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sagemaker_emulator.aws_clients.log_streams import LogStream
from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.jobs.job_containers import Halt
from sagemaker_emulator.jobs.run_context import RunContext


class Logs:
    """CloudWatch Logs that keeps the messages."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def create_log_group(self, **_: str) -> None: ...

    def create_log_stream(self, **_: str) -> None: ...

    def put_log_events(self, logEvents: list[dict[str, Any]], **_: str) -> None:  # noqa: N803 - boto3's name
        self.messages += [event["message"] for event in logEvents]


class Preparing:
    """An engine that only prepares images, with a function of the test."""

    def __init__(self, prepare: Callable[[Callable[[str], None]], None]) -> None:
        self._prepare = prepare

    def prepare(self, image: str, say: Callable[[str], None]) -> None:
        self._prepare(say)


def prepared(prepare: Callable[[Callable[[str], None]], None], halt: Halt | None = None) -> tuple[list[str], list[str]]:
    """Prepare an image; return the lines of the log and the explanations."""
    logs, explanations = Logs(), list[str]()
    services: Any = None
    engine: Any = Preparing(prepare)
    context = RunContext(services, engine, Path(), start_timeout_s=1, stop_grace_s=1)
    context.prepare("image:1", halt or Halt(), LogStream(logs, "group", "stream"), explanations.append)
    return logs.messages, explanations


def test_progress_goes_to_the_log_and_explains_the_status() -> None:
    messages, explanations = prepared(lambda say: say("Installing scikit-learn"))
    assert messages == ["[sagemaker emulator] Installing scikit-learn"]
    assert explanations == ["Installing scikit-learn"]


def test_a_stop_ends_the_preparation() -> None:
    halt = Halt()

    def endless(say: Callable[[str], None]) -> None:
        say("1 s")
        halt.stop_requested.set()
        while True:
            say("2 s")

    assert prepared(endless, halt)[1] == ["1 s"]


def test_a_failure_passes_and_the_log_is_sent() -> None:
    def failing(say: Callable[[str], None]) -> None:
        raise EngineError("no package")

    with pytest.raises(EngineError, match="no package"):
        prepared(failing)
