"""The overview of all services: running work, waiting messages, alarms and the last events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from console.aws import executions, queues, state_machines
from console.aws.client import Aws
from console.aws.executions import cause_text
from console.aws.state_machines import Machine
from console.aws.training import jobs as training_jobs
from console.aws.workflow import Queue, Workflow, workflow
from console.errors import ConsoleError

RECENT = 20
EVENTS = 14
MACHINES_SHOWN = 12
FAILED = ("Failed", "FAILED", "TIMED_OUT")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Event:
    """Something that started or ended."""

    time: datetime
    kind: str
    name: str
    path: str
    status: str
    seconds: float | None = None
    machine: str = ""
    """The state machine of an execution."""


@dataclass(frozen=True)
class Endpoint:
    name: str
    status: str
    changed: datetime


@dataclass(frozen=True)
class Alarm:
    name: str
    state: str
    reason: str
    changed: datetime | None = None


@dataclass(frozen=True)
class Waiting:
    queue: Queue
    count: int


@dataclass
class Overview:
    """All that the first page shows. `problems` names the services that did not answer."""

    endpoints: list[Endpoint] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    machines: list[Machine] = field(default_factory=list)
    workflow: Workflow | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def running(self) -> list[Event]:
        return [event for event in self.events if event.status in ("InProgress", "RUNNING")]

    @property
    def is_empty(self) -> bool:
        return not (self.endpoints or self.events or self.machines)


async def overview(aws: Aws) -> Overview:
    """Return the overview. If a service does not answer, its part is empty, and `problems` has a line."""
    shown = Overview()
    shown.workflow, shown.endpoints, (jobs, _), shown.machines, shown.alarms = await asyncio.gather(
        _or(shown, workflow(aws), None),
        _or(shown, _endpoints(aws), []),
        _or(shown, training_jobs.listed(aws, limit=RECENT), ([], "")),
        _or(shown, state_machines.machines(aws), []),
        _or(shown, _alarms(aws), []),
    )
    machines = shown.machines[:MACHINES_SHOWN]
    shown.waiting, executions = await asyncio.gather(
        _or(shown, _waiting(aws, shown.workflow), []),
        asyncio.gather(*(_or(shown, _executions(aws, machine), []) for machine in machines)),
    )
    shown.events = [
        Event(job.ended or job.created, "training job", job.name, f"/training-jobs/{job.name}", job.status, job.seconds)
        for job in jobs
    ]
    shown.events += [event for each in executions for event in each]
    shown.events.sort(key=lambda event: event.time, reverse=True)
    return shown


async def _or(shown: Overview, asked: Awaitable[Value], otherwise: Value) -> Value:
    try:
        return await asked
    except ConsoleError as error:
        shown.problems.append(str(error))
        return otherwise


async def _endpoints(aws: Aws) -> list[Endpoint]:
    answer = await aws.call("sagemaker", "list_endpoints", SortBy="CreationTime", SortOrder="Descending", MaxResults=20)
    return [
        Endpoint(each["EndpointName"], each["EndpointStatus"], each["LastModifiedTime"]) for each in answer["Endpoints"]
    ]


async def _executions(aws: Aws, machine: Machine) -> list[Event]:
    rows, _ = await state_machines.executions(aws, machine, limit=RECENT)
    return [
        Event(
            (row.ended or row.started).astimezone(UTC),
            f"execution of {row.machine}",
            row.name,
            f"/executions/{row.machine}/{row.name}",
            row.status,
            row.seconds,
            row.machine,
        )
        for row in rows
    ]


async def reason(aws: Aws, event: Event) -> str:
    """Return why a job or an execution failed; empty if it did not, or if nothing says why."""
    if event.status not in FAILED:
        return ""
    try:
        if not event.machine:
            return (await training_jobs.described(aws, event.name)).failure
        execution = await executions.described(aws, event.machine, event.name)
    except ConsoleError:
        return ""
    return cause_text(execution.cause) or execution.error


async def _waiting(aws: Aws, stack: Workflow | None) -> list[Waiting]:
    own = stack.queues if stack else ()
    states = await asyncio.gather(*(queues.state(aws, queue.url) for queue in own))
    return [Waiting(queue, state.total) for queue, state in zip(own, states, strict=True)]


async def _alarms(aws: Aws) -> list[Alarm]:
    answer = await aws.call("cloudwatch", "describe_alarms", 5.0, MaxRecords=100)
    alarms = [
        Alarm(each["AlarmName"], each["StateValue"], each.get("StateReason", ""), each.get("StateUpdatedTimestamp"))
        for each in answer["MetricAlarms"]
    ]
    return sorted(alarms, key=lambda alarm: (alarm.state != "ALARM", alarm.name))
