"""The list of state machines, and the page of one with its executions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from console import pages
from console.aws import state_machines
from console.aws.decisions.events import of_execution
from console.aws.decisions.failures import Reason, shown_status
from console.aws.decisions.subjects import ANY, IMAGES
from console.aws.state_machines import ExecutionSummary, Machine
from console.aws.workflow import readable_workflow
from console.readable import readable
from console.site import Site
from console.views.parameters import choice
from display.state_machines.definition import read
from display.state_machines.drawing import draw

STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
STRIP = 24
UNREAD = "{}, its reason is being read"
"""The status of a failure that may be an image for review: it has no tone yet."""


@dataclass(frozen=True)
class Row:
    """A machine in the list, with its last executions, the newest first."""

    machine: Machine
    last: list[ExecutionSummary]


async def load_list(site: Site, _: web.Request) -> dict[str, Any]:
    machines = await state_machines.machines(site.aws)
    lists = await asyncio.gather(*(state_machines.executions(site.aws, each, limit=STRIP) for each in machines))
    rows = [Row(machine, last) for machine, (last, _) in zip(machines, lists, strict=True)]
    events = [of_execution(each) for row in rows for each in row.last]
    reasons = await site.reasons.some(site.aws, events)
    return {"rows": [Row(row.machine, [as_shown(each, reasons) for each in row.last]) for row in rows]}


def as_shown(row: ExecutionSummary, reasons: Mapping[str, Reason]) -> ExecutionSummary:
    """Return an execution with the status that all pages show: an image below the threshold goes to review."""
    event = of_execution(row)
    if not event.has_failed:
        return row
    reason = reasons.get(event.path)
    return replace(row, status=UNREAD.format(row.status) if reason is None else shown_status(row.status, reason))


async def _own_machine(site: Site) -> str:
    """Return the ARN of the workflow's state machine; empty if there is none, or not for this role."""
    stack = await readable_workflow(site.aws)
    return stack.state_machine if stack else ""


async def load_machine(site: Site, request: web.Request) -> dict[str, Any]:
    machine = await state_machines.machine_named(site.aws, request.match_info["machine"])
    status, after = choice(request.query, "status", STATUSES), request.query.get("after", "")
    rows, following = await state_machines.executions(site.aws, machine, status, after)
    definition = await state_machines.definition(site.aws, machine)
    endings = ANY if machine.arn == await _own_machine(site) else IMAGES
    return {
        "machine": machine,
        "executions": await _outcomes(site, rows),
        "subjects": await site.subjects.of(site.aws, rows, endings, pages.budget_s(site, request)),
        "following": following,
        "after": after,
        "status": status,
        "statuses": STATUSES,
        "comment": definition.get("Comment", ""),
        "graph": draw(read(definition), f"The states of {machine.name}"),
        "definition": readable(json.dumps(definition)),
    }


async def _outcomes(site: Site, rows: list[ExecutionSummary]) -> list[tuple[ExecutionSummary, str, Reason]]:
    """Return each execution with the status that is shown, and why it failed."""
    told = await asyncio.gather(*(site.reasons.of(site.aws, of_execution(row)) for row in rows))
    return [(row, shown_status(row.status, reason), reason) for row, reason in zip(rows, told, strict=True)]
