"""Visits of states, read from the events of an execution.

A state inside a Map or a Parallel has that state's visit as its parent. Step Functions writes no exit for a state whose
error nobody catches, nor for the states that it stops beside one. Such a visit is over when its iteration or its block
has failed, or begins again, and ends with the last failure of its own, or with that of the block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from console.aws.history.started import Started, started_in
from console.aws.state_machines import RUNNING

REQUEST_ID = re.compile(r'"[Rr]equestId"\s*:\s*"([0-9a-f-]{36})"')
FAILURES = ("Failed", "TimedOut")
"""Ends of the types of events that carry an error: TaskFailed, LambdaFunctionTimedOut, MapStateFailed, ..."""
ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")
BLOCKS = ("Parallel", "Map")
FAIL = "Fail"
ITERATION = "MapIteration"


@dataclass
class Visit:
    """One visit of a state."""

    number: int
    state: str
    entered: datetime
    input: str
    kind: str = ""
    """The type of the state: Task, Map, Fail, ..."""
    parent: Visit | None = None
    item: int | None = None
    """The index of the item, for a state inside a Map."""
    parent_attempt: int = 0
    exited: datetime | None = None
    ended: datetime | None = None
    """The exit, or the end of a visit that has none; None while it lasts."""
    failed_at: datetime | None = None
    output: str = ""
    error: str = ""
    cause: str = ""
    attempts: int = 0
    request: str = ""
    """The id of the last invocation of a function; it is in the lines of the function's log."""
    started: Started | None = None
    """The SageMaker job, endpoint or version of a model that the state started or asked about."""
    is_failing: bool = False
    """Whether the last attempt failed: then an exit means that the error was caught."""
    is_over: bool = False
    """Whether it ended without an exit, though the execution may go on."""
    has_failure_inside: bool = False
    """Whether the block ended well though a state inside it failed: it was begun again, or tolerates failures."""

    def status(self, execution: str) -> str:
        """Return the status that an execution in this condition would have, or CAUGHT. `execution` is its status."""
        if self.exited:
            return "CAUGHT" if self.is_failing or self.has_failure_inside else "SUCCEEDED"
        if self.is_over:
            return "FAILED" if self.is_failing else "ABORTED"
        return RUNNING if execution == RUNNING else execution

    @property
    def seconds(self) -> float | None:
        return (self.ended - self.entered).total_seconds() if self.ended else None


@dataclass
class History:
    """The visits in their order, and the transitions between them."""

    visits: list[Visit] = field(default_factory=list)
    taken: set[tuple[str, str]] = field(default_factory=set)
    events: int = 0
    is_cut: bool = False

    def origin(self, cause: str) -> Visit | None:
        """Return the visit of the state that failed with the cause of the execution, rather than of a block around it
        or of the Fail state that ended the execution; None if the history has none."""
        failed = [each for each in self.visits if each.cause and each.cause == cause and each.kind != FAIL]
        return next((each for each in reversed(failed) if each.kind not in BLOCKS), failed[-1] if failed else None)


def visits(events: Iterable[Mapping[str, Any]]) -> History:
    """Return the visits in a history. Each event belongs to the visit of the event before it, by previousEventId."""
    history = History()
    of_event: dict[int, Visit] = {}
    items: dict[int, int] = {}
    end: datetime | None = None
    for event in events:
        history.events += 1
        kind, previous = str(event["type"]), event.get("previousEventId", 0)
        end = event["timestamp"] if kind in ENDS else None
        before = of_event.get(previous)
        if "stateEnteredEventDetails" in event:
            visit = _entered(len(history.visits) + 1, event, before, items.get(previous))
            history.visits.append(visit)
            of_event[event["id"]] = visit
            if before and before.exited:
                history.taken.add((before.state, visit.state))
        elif owner := _visit_of(event, before, history.visits):
            of_event[event["id"]] = owner
            if kind == f"{ITERATION}Started":
                items[event["id"]] = _details(event).get("index", 0)
            elif before and kind.startswith(ITERATION) and not kind.endswith("Succeeded"):
                _end_iteration(before, owner)
            else:
                _note(owner, event, before)
    for visit in history.visits:
        _finish(visit, end)
    return history


def _entered(number: int, event: Mapping[str, Any], before: Visit | None, item: int | None) -> Visit:
    details = event["stateEnteredEventDetails"]
    kind = str(event["type"]).removesuffix("StateEntered")
    visit = Visit(number, details["name"], event["timestamp"], details.get("input", ""), kind)
    if before:
        is_first = before.kind in BLOCKS and not before.exited
        visit.parent = before if is_first else before.parent
        visit.item = before.item if item is None else item
        visit.parent_attempt = visit.parent.attempts if visit.parent else 0
    if kind == FAIL:  # inside a block, no event tells that it failed
        visit.is_failing, visit.failed_at = True, visit.entered
    return visit


def _visit_of(event: Mapping[str, Any], before: Visit | None, visits: Sequence[Visit]) -> Visit | None:
    """Return the visit that an event belongs to. The end of a Parallel or a Map follows an event of a state inside."""
    kind = str(event["type"])
    name = event.get("stateExitedEventDetails", {}).get("name")
    if before and name is None and kind.startswith(("ParallelState", "MapState", ITERATION)):
        return _block_of(before, kind)
    if before is None or name in (None, before.state):
        return before
    return next((visit for visit in reversed(visits) if visit.state == name and not visit.exited), before)


def _block_of(before: Visit, event: str) -> Visit:
    """Return the block that an event is about: the innermost one of its type that has not failed already."""
    fails = event.endswith("StateFailed")
    visit: Visit | None = before
    while visit:
        is_open = not visit.exited and not (fails and visit.is_failing)
        if is_open and visit.kind in BLOCKS and event.startswith(visit.kind):
            return visit
        visit = visit.parent
    return before


def _end_iteration(last: Visit, block: Visit) -> None:
    """Note that the states of an iteration that have not ended are over: the iteration failed, or was stopped."""
    visit: Visit | None = last
    while visit and visit is not block:
        visit.is_over = not visit.exited
        visit = visit.parent


def _note(visit: Visit, event: Mapping[str, Any], before: Visit | None) -> None:
    kind = str(event["type"])
    details = _details(event)
    if "stateExitedEventDetails" in event:
        visit.exited, visit.output = event["timestamp"], details.get("output", "")
    elif kind.endswith(("Scheduled", "StateStarted")):
        visit.attempts += 1
        visit.is_failing = False
        if "sagemaker" in details.get("resourceType", ""):
            visit.started = started_in(details.get("parameters", ""))
    elif kind.endswith(FAILURES):
        inner = before if before and visit.kind in BLOCKS else None  # events of blocks have no error of their own
        visit.is_failing, visit.failed_at = True, event["timestamp"]
        visit.error = details.get("error") or (inner.error if inner else visit.error)
        visit.cause = details.get("cause") or (inner.cause if inner else visit.cause)
        visit.request = request_in(visit.cause) or visit.request
    elif kind.endswith("Succeeded"):
        output = details.get("output", "")
        visit.request = request_in(output) or visit.request
        if visit.started is None and "sagemaker" in details.get("resourceType", ""):
            visit.started = started_in(output)  # only the answer has the ARN of a new version


def _finish(visit: Visit, end: datetime | None) -> None:
    """Set the end of a visit. That of its parent is already set. `end` is that of the execution."""
    parent = visit.parent
    if visit.exited:
        visit.ended = visit.exited
    elif parent and (visit.is_over or parent.is_over or _is_left(visit, parent)):
        visit.is_over = True
        stopped = parent.failed_at or parent.ended or visit.entered
        visit.ended = max(visit.entered, (visit.failed_at if visit.is_failing else None) or stopped)
        if visit.is_failing and parent.exited and not parent.is_failing:
            parent.has_failure_inside = True
    elif end:
        visit.ended = max(visit.entered, visit.failed_at or end)


def _is_left(visit: Visit, parent: Visit) -> bool:
    """Whether the block has failed or ended without the visit, or has begun again."""
    return parent.exited is not None or parent.is_failing or parent.attempts > visit.parent_attempt


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
