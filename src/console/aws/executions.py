"""One execution: its description, and its history as visits of states."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from console.aws.client import Answer, Aws
from console.aws.state_machines import RUNNING, ended_is_kept, execution_arn

EVENTS_PER_PAGE = 1000
EVENTS_MAX = 10_000
REQUEST_ID = re.compile(r'"[Rr]equestId"\s*:\s*"([0-9a-f-]{36})"')
FAILURES = ("Failed", "TimedOut")
"""Ends of the types of events that carry an error: TaskFailed, LambdaFunctionTimedOut, MapStateFailed, ..."""


@dataclass
class Visit:
    """One visit of a state."""

    number: int
    state: str
    entered: datetime
    input: str
    exited: datetime | None = None
    output: str = ""
    error: str = ""
    cause: str = ""
    attempts: int = 0
    request: str = ""
    """The id of the last invocation of a function; it is in the lines of the function's log."""
    is_failing: bool = False
    """Whether the last attempt failed: then an exit means that the error was caught."""

    def status(self, execution: str) -> str:
        """Return the status that an execution in this condition would have, or CAUGHT. `execution` is its status."""
        if self.exited:
            return "CAUGHT" if self.is_failing else "SUCCEEDED"
        return RUNNING if execution == RUNNING else execution

    @property
    def seconds(self) -> float | None:
        return (self.exited - self.entered).total_seconds() if self.exited else None


@dataclass(frozen=True)
class Execution:
    """An execution, from DescribeExecution."""

    name: str
    arn: str
    machine_arn: str
    status: str
    started: datetime
    ended: datetime | None
    input: str
    output: str
    error: str
    cause: str
    redrives: int

    @property
    def seconds(self) -> float | None:
        return (self.ended - self.started).total_seconds() if self.ended else None


@dataclass
class History:
    """The visits in their order, and the transitions between them."""

    visits: list[Visit] = field(default_factory=list)
    taken: set[tuple[str, str]] = field(default_factory=set)
    events: int = 0
    is_cut: bool = False


async def described(aws: Aws, machine: str, name: str) -> Execution:
    """Return the execution. Raises NotThere."""
    arn = await execution_arn(aws, machine, name)
    answer = await aws.call("stepfunctions", "describe_execution", ended_is_kept, executionArn=arn)
    return Execution(
        name=answer["name"],
        arn=answer["executionArn"],
        machine_arn=answer["stateMachineArn"],
        status=answer["status"],
        started=answer["startDate"],
        ended=answer.get("stopDate"),
        input=answer.get("input", ""),
        output=answer.get("output", ""),
        error=answer.get("error", ""),
        cause=answer.get("cause", ""),
        redrives=answer.get("redriveCount", 0),
    )


async def history(aws: Aws, execution: Execution) -> History:
    """Return the history, up to EVENTS_MAX events."""
    events: list[Mapping[str, Any]] = []
    token = ""
    is_cut = False
    while True:
        page = await _page(aws, execution, token)
        events += page["events"]
        token = page.get("nextToken") or ""
        is_cut = bool(token) and len(events) >= EVENTS_MAX
        if not token or is_cut:
            break
    read = visits(events)
    read.is_cut = is_cut
    return read


async def _page(aws: Aws, execution: Execution, token: str) -> Answer:
    more = {"nextToken": token} if token else {}
    return await aws.call(
        "stepfunctions",
        "get_execution_history",
        lambda _: ended_is_kept({"status": execution.status}),
        executionArn=execution.arn,
        maxResults=EVENTS_PER_PAGE,
        **more,
    )


def visits(events: Iterable[Mapping[str, Any]]) -> History:
    """Return the visits in a history. Each event belongs to the visit of the event before it, by previousEventId."""
    history = History()
    of_event: dict[int, Visit] = {}
    for event in events:
        history.events += 1
        before = of_event.get(event.get("previousEventId", 0))
        if entered := event.get("stateEnteredEventDetails"):
            visit = Visit(len(history.visits) + 1, entered["name"], event["timestamp"], entered.get("input", ""))
            history.visits.append(visit)
            of_event[event["id"]] = visit
            if before and before.exited:
                history.taken.add((before.state, visit.state))
        elif owner := _visit_of(event, before, history.visits):
            of_event[event["id"]] = owner
            _note(owner, event)
    return history


def _visit_of(event: Mapping[str, Any], before: Visit | None, visits: Sequence[Visit]) -> Visit | None:
    """Return the visit that an event belongs to. The exit of a Parallel or a Map follows an event of a state inside."""
    name = event.get("stateExitedEventDetails", {}).get("name")
    if before is None or name in (None, before.state):
        return before
    return next((visit for visit in reversed(visits) if visit.state == name and not visit.exited), before)


def _note(visit: Visit, event: Mapping[str, Any]) -> None:
    kind = str(event["type"])
    if exited := event.get("stateExitedEventDetails"):
        visit.exited, visit.output = event["timestamp"], exited.get("output", "")
    elif kind.endswith(("Scheduled", "StateStarted")):
        visit.attempts += 1
        visit.is_failing = False
    elif kind.endswith(FAILURES) and not kind.startswith("MapIteration"):
        details = _details(event)
        visit.is_failing = True
        visit.error = details.get("error", visit.error)
        visit.cause = details.get("cause", visit.cause)
        visit.request = request_in(visit.cause) or visit.request
    elif kind.endswith("Succeeded"):
        visit.request = request_in(_details(event).get("output", "")) or visit.request


def _details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the one member of an event that has its details: `taskFailedEventDetails` and so on."""
    return next((value for key, value in event.items() if key.endswith("EventDetails")), {})


def request_in(text: str) -> str:
    """Return the id of a function's invocation in its error, or in the result of lambda:invoke; empty without one.

    Lambda's errors end with `requestId`, results with `SdkResponseMetadata`. The last one counts: the function's own
    result, which may be large, comes before.
    """
    match = REQUEST_ID.search(text, max(text.rfind('"RequestId"'), text.rfind('"requestId"'), 0))
    return match[1] if match else ""


def cause_of(error: str, cause: str) -> str:
    """Return the message in a cause without the error's name at its beginning, as `THRESHOLD_CONFIDENCE_NOT_MET: `."""
    text = cause_text(cause)
    start, separator, rest = text.partition(": ")
    is_name = separator and error and start.replace("_", "").lower() == error.replace("_", "").lower()
    return rest if is_name else text


def cause_text(cause: str) -> str:
    """Return the message in a Lambda function's error, or the cause itself if it is not such an error."""
    try:
        message = json.loads(cause)["errorMessage"]
    except (ValueError, TypeError, LookupError):
        return cause
    return str(message)
