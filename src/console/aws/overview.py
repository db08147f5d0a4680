"""The overview of all services: running work, waiting messages, alarms and the last events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from console.aws import alarms, endpoints, queues, state_machines
from console.aws.alarms import Alarm
from console.aws.client import Aws
from console.aws.decisions.events import Event, of_execution, of_job
from console.aws.decisions.failures import MACHINES_SHOWN, LastHour, Reasons, last_hour
from console.aws.endpoints import EndpointSummary
from console.aws.latencies import Latency, latencies
from console.aws.state_machines import Machine
from console.aws.training import jobs as training_jobs
from console.aws.training.jobs import JobSummary
from console.aws.workflow import Queue, Workflow, workflow
from console.errors import ConsoleError

RECENT = 20
RUNNING_MAX = 100
ENDPOINTS_MAX = 20
EVENTS = 14
Value = TypeVar("Value")


@dataclass(frozen=True)
class Waiting:
    queue: Queue
    count: int


@dataclass
class Overview:
    """All that the first page shows. `problems` names the services that did not answer."""

    endpoints: list[EndpointSummary] = field(default_factory=list)
    latencies: dict[str, Latency] | None = None
    """Those of the endpoints that had traffic; None if CloudWatch cannot be asked."""
    events: list[Event] = field(default_factory=list)
    running: list[Event] = field(default_factory=list)
    """Jobs and executions, the newest first."""
    runs_more: bool = False
    """Whether more are running than the lists have."""
    waiting: list[Waiting] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    machines: list[Machine] = field(default_factory=list)
    workflow: Workflow | None = None
    failed: LastHour = field(default_factory=lambda: LastHour([]))
    """What failed in the last hour. It is among the events, too."""
    problems: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.endpoints or self.events or self.machines or self.failed.failures)


async def overview(aws: Aws, known: Reasons, endings_read: int) -> Overview:
    """Return the overview. If a service does not answer, its part is empty, and `problems` has a line.

    endings_read: how many executions of pipelines are asked why they failed, as for `last_hour`.
    """
    shown = Overview()
    shown.workflow, listed, jobs, in_progress, machines, watched = await asyncio.gather(
        _or_none(shown, partial(workflow, aws)),
        _or_none(shown, partial(endpoints.listed, aws, limit=ENDPOINTS_MAX)),
        _or_none(shown, partial(training_jobs.listed, aws, limit=RECENT)),
        _or_none(shown, partial(training_jobs.listed, aws, status="InProgress", limit=RUNNING_MAX)),
        _or_none(shown, partial(state_machines.machines, aws)),
        _or_none(shown, partial(alarms.alarms, aws)),
    )
    shown.endpoints, shown.machines = listed[0] if listed else [], machines or []
    created = {each.name: each.created for each in shown.endpoints}
    is_whole = listed is not None and len(created) < ENDPOINTS_MAX
    shown.alarms = [alarms.judged(alarm, created, is_whole) for alarm in watched or ()]
    started = shown.machines[:MACHINES_SHOWN]
    waiting, executions, running, shown.failed, shown.latencies = await asyncio.gather(
        _or_none(shown, partial(_waiting, aws, shown.workflow)),
        asyncio.gather(*(_or_none(shown, partial(_executions, aws, each)) for each in started)),
        asyncio.gather(*(_or_none(shown, partial(_running, aws, each)) for each in started)),
        last_hour(aws, started, known, endings_read),
        latencies(aws, list(created)),
    )
    shown.waiting = waiting or []
    shown.events = [of_job(job) for job in (jobs[0] if jobs else ())]
    shown.events += [event for each in executions for event in each or ()]
    shown.events += _missing(shown)
    shown.events.sort(key=lambda event: event.time, reverse=True)
    run = [each for each in (_of_jobs(in_progress), *running) if each]
    shown.running = sorted((event for events, _ in run for event in events), key=lambda event: event.time, reverse=True)
    shown.runs_more = any(has_more for _, has_more in run)
    return shown


async def _or_none(shown: Overview, ask: Callable[[], Awaitable[Value]]) -> Value | None:
    """Return what `ask` returns; None if the service does not answer, which becomes a line of `problems`.

    `ask` is a function, since a page can be left before this begins to run. A coroutine that was passed in would then
    never be awaited, and Python would warn about it.
    """
    try:
        return await ask()
    except ConsoleError as error:
        shown.problems.append(str(error))
        return None


async def _executions(aws: Aws, machine: Machine) -> list[Event]:
    rows, _ = await state_machines.executions(aws, machine, limit=RECENT)
    return [of_execution(row) for row in rows]


async def _running(aws: Aws, machine: Machine) -> tuple[list[Event], bool]:
    """Return the running executions: an old one may be behind many that have ended."""
    rows, following = await state_machines.executions(aws, machine, state_machines.RUNNING, limit=RUNNING_MAX)
    # a server that ignores the filter would count executions that have ended
    return [of_execution(row) for row in rows if row.status == state_machines.RUNNING], bool(following)


def _of_jobs(listed: tuple[list[JobSummary], str] | None) -> tuple[list[Event], bool] | None:
    return ([of_job(row) for row in listed[0] if row.status == "InProgress"], bool(listed[1])) if listed else None


def _missing(shown: Overview) -> list[Event]:
    """Return the failures of the last hour that came before the last RECENT executions of their machine."""
    there = {event.path for event in shown.events}
    return [each for each, _ in shown.failed.failures if each.path not in there]


async def _waiting(aws: Aws, stack: Workflow | None) -> list[Waiting]:
    own = stack.queues if stack else ()
    states = await asyncio.gather(*(queues.state(aws, queue.url) for queue in own))
    return [Waiting(queue, state.total) for queue, state in zip(own, states, strict=True)]
