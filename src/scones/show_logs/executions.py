"""The history of an execution as lines: which state began and ended when, and why the execution failed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.client import BaseClient

from scones.classify.executions import cause_text
from scones.errors import MissingError
from scones.show_logs.lines import Line

RUNNING = "RUNNING"
ENTERED, EXITED = "StateEntered", "StateExited"


@dataclass
class History:
    """A reader of the new events of an execution."""

    client: BaseClient
    arn: str
    _read: int = 0

    def read(self) -> list[Line]:
        pages = self.client.get_paginator("get_execution_history").paginate(executionArn=self.arn)
        events = [event for page in pages for event in page["events"]]
        new, self._read = events[self._read :], len(events)
        return [Line(milliseconds(event["timestamp"]), text) for event in new if (text := describe(event))]


@dataclass(frozen=True)
class Ending:
    """How an execution ended."""

    status: str
    error: str | None = None
    cause: str | None = None
    state: str | None = field(default=None)
    """The state in which it failed."""

    def __str__(self) -> str:
        where = f" in {self.state}" if self.state else ""
        why = ": ".join(filter(None, [self.error, self.cause]))
        return f"{self.status}{where}{': ' if why else ''}{why}"


def newest_execution(client: BaseClient, name: str | None) -> str:
    """Return the ARN of an execution: of this ARN or name, the newest of the state machine of this name, or of all.

    Raises MissingError if there is none.
    """
    if name and name.startswith("arn:") and ":execution:" in name:
        return name
    executions = list(_newest_of_each_machine(client, name))
    if not executions:
        raise MissingError(
            f"no execution or state machine is called {name!r}" if name else "no state machine has been executed"
        )
    newest = max(executions, key=lambda execution: execution["startDate"])
    return str(newest["executionArn"])


def ending(client: BaseClient, arn: str) -> Ending | None:
    """Return how an execution ended; None while it runs."""
    answer = client.describe_execution(executionArn=arn)
    if answer["status"] == RUNNING:
        return None
    if answer["status"] == "SUCCEEDED":
        return Ending(answer["status"])
    return Ending(answer["status"], answer.get("error"), one_line(answer.get("cause")), _failed_state(client, arn))


def describe(event: Any) -> str:
    """Return an event in a few words; none for events that only repeat what another says."""
    kind: str = event["type"]
    if kind.endswith(ENTERED):
        return f"→ {event['stateEnteredEventDetails']['name']}"
    if kind.endswith(EXITED):
        return f"  {event['stateExitedEventDetails']['name']} ended"
    if kind.endswith(("Failed", "TimedOut", "Aborted")):
        details: dict[str, str] = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
        why = ": ".join(filter(None, [details.get("error"), one_line(details.get("cause"))]))
        return f"  {kind}{': ' if why else ''}{why}"
    return {"ExecutionStarted": "execution started", "ExecutionSucceeded": "execution succeeded"}.get(kind, "")


def one_line(cause: str | None) -> str | None:
    """Return a cause in one line. A function's is JSON with message, type and stack trace: the message is enough."""
    return " ".join(cause_text(cause).split()) if cause else None


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _newest_of_each_machine(client: BaseClient, name: str | None) -> Iterator[Any]:
    """Yield the newest execution of each machine. With a name: executions of it, or of the machine of it."""
    pages = client.get_paginator("list_state_machines").paginate()
    for machine in [machine for page in pages for machine in page["stateMachines"]]:
        if machine.get("type") == "EXPRESS":  # keeps no list of executions
            continue
        executions = client.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
        if name is None or machine["name"] == name:
            yield from executions[:1]
        else:
            yield from (execution for execution in executions if execution["name"] == name)


def _failed_state(client: BaseClient, arn: str) -> str | None:
    """Return the state that was entered last before the failure."""
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn, reverseOrder=True)
    events = (event for page in pages for event in page["events"])
    return next((e["stateEnteredEventDetails"]["name"] for e in events if e["type"].endswith(ENTERED)), None)
