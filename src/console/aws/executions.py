"""One execution: its description, and its whole history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.aws.client import Answer, Aws
from console.aws.history.visits import History, visits
from console.aws.state_machines import ended_is_kept, execution_arn

EVENTS_PER_PAGE = 1000
EVENTS_MAX = 10_000


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
