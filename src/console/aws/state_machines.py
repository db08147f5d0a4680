"""State machines and their executions, as lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.aws.client import NAMED_S, SHORT_S, Aws
from console.errors import NotThere

PAGE = 50
MACHINES = 100
RUNNING = "RUNNING"


@dataclass(frozen=True)
class Machine:
    name: str
    arn: str
    type: str
    created: datetime


@dataclass(frozen=True)
class ExecutionSummary:
    """A row of ListExecutions."""

    name: str
    arn: str
    machine: str
    status: str
    started: datetime
    ended: datetime | None

    @property
    def seconds(self) -> float | None:
        return (self.ended - self.started).total_seconds() if self.ended else None


async def machines(aws: Aws) -> list[Machine]:
    """Return the state machines, by name."""
    answer = await aws.call("stepfunctions", "list_state_machines", SHORT_S, maxResults=MACHINES)
    rows = [
        Machine(each["name"], each["stateMachineArn"], each.get("type", "STANDARD"), each["creationDate"])
        for each in answer["stateMachines"]
    ]
    return sorted(rows, key=lambda machine: machine.name)


async def machine_named(aws: Aws, name: str) -> Machine:
    """Return the machine. Raises NotThere."""
    for machine in await machines(aws):
        if machine.name == name:
            return machine
    raise NotThere(f"there is no state machine {name!r} in {aws.region}")


async def definition(aws: Aws, machine: Machine) -> Mapping[str, Any]:
    """Return the definition as it is now."""
    answer = await aws.call("stepfunctions", "describe_state_machine", 5 * SHORT_S, stateMachineArn=machine.arn)
    return dict(json.loads(answer["definition"]))


async def executions(
    aws: Aws, machine: Machine, status: str = "", after: str = "", limit: int = PAGE, keep_s: float = SHORT_S
) -> tuple[list[ExecutionSummary], str]:
    """Return a page of executions, the newest first, and the token of the next page, empty if there is none."""
    if machine.type != "STANDARD":
        return [], ""  # Step Functions keeps no list of express executions
    request: dict[str, Any] = {"stateMachineArn": machine.arn, "maxResults": limit}
    request |= {"statusFilter": status} if status else {}
    request |= {"nextToken": after} if after else {}
    answer = await aws.call("stepfunctions", "list_executions", keep_s, **request)
    rows = [_summary(machine, each) for each in answer["executions"]]
    return rows, str(answer.get("nextToken") or "")


async def execution_arn(aws: Aws, machine: str, name: str) -> str:
    """Return the ARN of an execution by the names of its machine and its own."""
    owner = await machine_named(aws, machine)
    return f"{owner.arn.replace(':stateMachine:', ':execution:')}:{name}"


def ended_is_kept(answer: Mapping[str, Any]) -> float:
    """Return for how many seconds a description is kept: longer after the execution's end. Every change clears it."""
    return SHORT_S if answer["status"] in (RUNNING, "PENDING_REDRIVE") else NAMED_S


def _summary(machine: Machine, each: Mapping[str, Any]) -> ExecutionSummary:
    return ExecutionSummary(
        each["name"], each["executionArn"], machine.name, each["status"], each["startDate"], each.get("stopDate")
    )
