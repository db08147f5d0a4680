"""The output of a job's containers, which a full log may hold up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from sagemaker_emulator.engine import ContainerSpec
from sagemaker_emulator.jobs import job_containers
from sagemaker_emulator.jobs.job_containers import JobContainer

LINES = [f"line {number}" for number in range(12)]


class FullLog:
    """A log stream that has room for the next line only after a while."""

    def write(self, line: str) -> bool:
        threading.Event().wait(0.1)
        return True

    def close(self) -> None:
        pass


class Ended:
    """A container that has ended. A process that it left behind may still hold its output open."""

    def __init__(self, held_open: threading.Event) -> None:
        self._held_open = held_open

    def lines(self) -> Iterator[str]:
        yield from LINES
        self._held_open.wait()


@pytest.fixture
def held_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    monkeypatch.setattr(job_containers, "OUTPUT_DRAIN_S", 0.6)
    monkeypatch.setattr(job_containers, "FLOOD_DRAIN_S", 3600)
    event = threading.Event()
    yield event
    event.set()


def ended(held_open: threading.Event, heard: list[str]) -> JobContainer:
    spec, container, log = ContainerSpec("job", "image", "train", Path("/nowhere")), Ended(held_open), FullLog()
    return JobContainer(lambda _: cast("Any", container), spec, cast("Any", log), lambda line, _: heard.append(line))


def test_the_rest_of_the_output_is_heard_although_the_log_is_full(held_open: threading.Event) -> None:
    container = ended(held_open, heard := list[str]())
    held_open.set()
    container.finish_log()
    assert heard == LINES


def test_nobody_waits_for_an_output_that_stays_open_without_a_line(held_open: threading.Event) -> None:
    container = ended(held_open, heard := list[str]())
    container.finish_log()
    assert heard == LINES
