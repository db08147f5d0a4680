"""State machines as graphs, and executions drawn on them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from aiohttp import web

from console import live
from console.aws import executions, gate, state_machines
from console.aws.decisions.events import of_execution
from console.aws.decisions.failures import Reason, shown_status
from console.aws.decisions.verdict import verdict_of
from console.aws.executions import Execution
from console.aws.history.item_names import item_names
from console.aws.history.started import last_error
from console.aws.history.visits import History
from console.aws.history.visits import Visit as StateVisit
from console.aws.review.answers import PastAnswer
from console.aws.review.messages import place_of
from console.aws.review.pictures import image_address, picture_of
from console.aws.state_machines import ExecutionSummary, Machine
from console.aws.training.jobs import TIMES
from console.aws.workflow import readable_workflow, workflow_of
from console.errors import ConsoleError
from console.readable import readable
from console.site import Site
from display import figures
from display.causes import cause_of, cause_text, members_of
from display.colors import status_tone
from display.state_machines.definition import Graph, read
from display.state_machines.drawing import Drawing, Visit, draw

STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
IMAGES = (".png", ".jpg", ".jpeg", ".gif")
STRIP = 24
SHOWN_VISITS = 400
TOLD_MAX = 10
FOLDED_OVER = 3
"""Of a state with more successful visits than this, as of one that waits and looks again, the middle is folded."""
WORST = ("FAILED", "TIMED_OUT", "ABORTED", "RUNNING", "CAUGHT", "SUCCEEDED")
"""A state with several visits has the tone of the status among theirs that comes first here."""


@dataclass(frozen=True)
class Row:
    """A machine in the list, with its last executions, the newest first."""

    machine: Machine
    last: list[ExecutionSummary]


async def load_list(site: Site, _: web.Request) -> dict[str, Any]:
    machines = await state_machines.machines(site.aws)
    pages = await asyncio.gather(*(state_machines.executions(site.aws, each, limit=STRIP) for each in machines))
    own = await _own_machine(site)
    lists = [(machine, last) for machine, (last, _) in zip(machines, pages, strict=True)]
    return {"rows": [Row(each, await _shown_alike(site, last) if each.arn == own else last) for each, last in lists]}


async def _own_machine(site: Site) -> str:
    """Return the ARN of the workflow's state machine; empty if there is none, or not for this role."""
    stack = await readable_workflow(site.aws)
    return stack.state_machine if stack else ""


async def _shown_alike(site: Site, rows: list[ExecutionSummary]) -> list[ExecutionSummary]:
    """Return the executions with the statuses that pages show: an image below the threshold goes to review."""
    return [replace(row, status=status) for row, status, _ in await _outcomes(site, rows)]


async def load_machine(site: Site, request: web.Request) -> dict[str, Any]:
    machine = await state_machines.machine_named(site.aws, request.match_info["machine"])
    status, after = request.query.get("status", ""), request.query.get("after", "")
    rows, following = await state_machines.executions(site.aws, machine, status, after)
    definition = await state_machines.definition(site.aws, machine)
    return {
        "machine": machine,
        "executions": await _outcomes(site, rows),
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


async def load_execution(site: Site, request: web.Request) -> dict[str, Any]:
    name, machine_name = request.match_info["name"], request.match_info["machine"]
    machine = await state_machines.machine_named(site.aws, machine_name)
    execution = await executions.described(site.aws, machine_name, name)
    history = await executions.history(site.aws, execution)
    definition = await _definition(site, machine)
    graph = _graph(definition)
    shown = replace(execution, status=shown_status(execution.status, Reason(execution.error)))
    names = item_names(history.visits)
    return {
        "machine": machine,
        "execution": execution,
        "functions": functions_in(definition),
        "failure": await _failure(site, execution, history, names),
        "gate": await gate.with_names(
            site.aws, gate.of_visits(history.visits) or gate.gate_in(execution.cause), machine.arn
        ),
        "shown_status": shown.status,
        **(await _decision(site, execution, history)),
        "graph": draw(graph, f"The path of {name}", drawing(shown, history, names)) if graph else "",
        "history": history,
        "visits": folded(_shown_visits(shown, history, names)),
        "shown_visits": min(SHOWN_VISITS, len(history.visits)),
        "retries": sum(max(0, visit.attempts - 1) for visit in history.visits),
        # the picture is in no live block
        **({} if live.wants_stream(request) else await _image(site, execution)),
        "input": readable(execution.input),
        "output": readable(execution.output),
    }


async def _decision(site: Site, execution: Execution, history: History) -> dict[str, Any]:
    """Return what the workflow decided about the image, and what a person answered. Other machines have neither."""
    stack = await workflow_of(site.aws, execution.machine_arn)
    if stack is None:
        return {"verdict": None, "answer": None, "review": ""}
    verdict = verdict_of(stack, execution, history.visits)
    answer = None
    if verdict and not verdict.is_certain:
        times = [visit.entered.astimezone(UTC) for visit in reversed(history.visits)]
        answer = await site.answers.of_execution(site.aws, stack, execution.name, times)
    # the pages of the review are those of the first workflow
    is_reviewed_here = stack == await readable_workflow(site.aws)
    return {"verdict": verdict, "answer": answer, "review": _review(execution, answer) if is_reviewed_here else ""}


def _review(execution: Execution, answer: PastAnswer | None) -> str:
    """Return the address of the answer about an image, or of the image among those that wait."""
    if answer:
        return f"/review#answer-{answer.inference_id}"
    return f"/review?execution={quote(execution.name)}"


@dataclass(frozen=True)
class Failure:
    """Why an execution failed. `visit` is that of the state where it began, if the history has it."""

    visit: StateVisit | None
    item: str
    text: str
    whole: str
    """The cause, if the text is only a part of it; else empty."""
    log_line: str
    """The last error in the log of the job that failed."""


async def _failure(site: Site, execution: Execution, history: History, names: Mapping[int, str]) -> Failure:
    visit = history.origin(execution.cause)
    return Failure(
        visit=visit,
        item=names.get(visit.number, "") if visit else "",
        text=cause_of(execution.error, execution.cause),
        whole=_whole(execution.cause),
        log_line=await last_error(site.aws, visit.started) if visit and visit.started else "",
    )


def _whole(cause: str) -> str:
    """Return a cause of which pages show the message only; empty if there is no more to it."""
    return readable(cause) if cause_text(cause) != cause and len(members_of(cause)) > 1 else ""


def drawing(execution: Execution, history: History, names: Mapping[int, str]) -> Drawing:
    """Return what an execution adds to the graph of its machine. `names` are those of items of a Map."""
    by_state: dict[str, list[StateVisit]] = {}
    for visit in history.visits:
        by_state.setdefault(visit.state, []).append(visit)
    return Drawing(
        visits={name: _drawn(visits, execution, names) for name, visits in by_state.items()},
        taken=history.taken,
        links={name: f"visit-{visits[-1].number}" for name, visits in by_state.items()},
        focus=_focus(execution, history),
    )


def _focus(execution: Execution, history: History) -> str:
    """Return the state that a large graph shows first: the one that failed, the one that runs, or the last."""
    if origin := history.origin(execution.cause):
        return origin.state
    last = [each for each in history.visits if each.ended is None] or history.visits
    return last[-1].state if last else ""


def _drawn(visits: list[StateVisit], execution: Execution, names: Mapping[int, str]) -> Visit:
    statuses = {visit.status(execution.status) for visit in visits}
    status = next((each for each in WORST if each in statuses), execution.status)
    took = [visit.seconds for visit in visits if visit.seconds is not None]
    total = figures.duration(sum(took)) if took else ""
    note = total if len(visits) == 1 else f"{len(visits)} {TIMES} {total}".strip()
    told = [f"{visits[0].state}: {status}, {note}", *sorted({visit.error for visit in visits} - {""})]
    told += [_in_words(visit, execution, names) for visit in visits[:TOLD_MAX] if visit.number in names]
    return Visit(status_tone(status), note, "\n".join(told))


def _in_words(visit: StateVisit, execution: Execution, names: Mapping[int, str]) -> str:
    took = f", {figures.duration(visit.seconds)}" if visit.seconds is not None else ""
    return f"{names[visit.number]}: {visit.status(execution.status)}{took}"


def _shown_visits(execution: Execution, history: History, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return the list's rows of the first SHOWN_VISITS visits."""
    last = max((each.ended or each.entered for each in history.visits), default=execution.started)
    return [_shown(visit, execution, last, names) for visit in history.visits[:SHOWN_VISITS]]


def _shown(visit: StateVisit, execution: Execution, last: datetime, names: Mapping[int, str]) -> dict[str, Any]:
    """Return the list's row for a visit. `at` and `width` place its bar, in percent of the time until `last`."""
    whole = max(last - execution.started, timedelta(milliseconds=1))
    end = visit.ended or last
    return {
        "visit": visit,
        "status": visit.status(execution.status),
        "at": round(100 * max(timedelta(), visit.entered - execution.started) / whole, 1),
        "width": round(max(1.0, 100 * (end - visit.entered) / whole), 1),
        "item": names.get(visit.number, ""),
        "cause": cause_of(visit.error, visit.cause),
        "whole_cause": _whole(visit.cause),
        "input": readable(visit.input),
        "output": readable(visit.output),
    }


def folded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return items of a row and the rows folded under it: a state that was visited often has its first and last."""
    by_state: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["status"] == "SUCCEEDED":
            by_state.setdefault(row["visit"].state, []).append(row)
    middles = {visits[0]["visit"].number: visits[1:-1] for visits in by_state.values() if len(visits) > FOLDED_OVER}
    hidden = {row["visit"].number for middle in middles.values() for row in middle}
    return [
        {"row": row, "folded": middle, "seconds": sum(each["visit"].seconds or 0.0 for each in middle)}
        for row in rows
        if row["visit"].number not in hidden
        for middle in [middles.get(row["visit"].number, [])]
    ]


async def _definition(site: Site, machine: Machine) -> Mapping[str, Any]:
    try:
        return await state_machines.definition(site.aws, machine)
    except (ConsoleError, ValueError):
        return {}  # the machine was deleted a moment ago


def _graph(definition: Mapping[str, Any]) -> Graph | None:
    try:
        return read(definition) if definition else None
    except (LookupError, TypeError, ValueError):
        return None  # it was changed to something that is not ASL


def functions_in(value: Any) -> dict[str, str]:
    """Return the name of the Lambda function that each state invokes, also in states inside other states."""
    if isinstance(value, list):
        return {name: function for each in value for name, function in functions_in(each).items()}
    if not isinstance(value, Mapping):
        return {}
    functions = {name: function for each in value.values() for name, function in functions_in(each).items()}
    for name, state in value.get("States", {}).items() if isinstance(value.get("States"), Mapping) else ():
        if function := _function_of(state):
            functions[name] = function
    return functions


def _function_of(state: Any) -> str:
    """Return the name of the function that a state invokes, given by its name or its ARN, with or without a version."""
    if not isinstance(state, Mapping):
        return ""
    parameters = state.get("Parameters") or state.get("Arguments")
    named = parameters.get("FunctionName") if isinstance(parameters, Mapping) else None
    named = named or (state.get("Resource") if ":function:" in str(state.get("Resource")) else "")
    return str(named).partition(":function:")[2].partition(":")[0] or str(named or "").partition(":")[0]


async def _image(site: Site, execution: Execution) -> dict[str, str]:
    """Return the address of the image that an execution is about, or why it cannot be shown. Both may be empty."""
    is_own = await workflow_of(site.aws, execution.machine_arn) is not None
    place = image_of(execution.input, ("",) if is_own else IMAGES)
    if place is None:
        return {"image": "", "image_problem": ""}
    picture = await picture_of(site.aws, *place)
    if picture.problem:
        return {"image": "", "image_problem": picture.problem}
    return {"image": f"{image_address(*place)}?version={quote(picture.version)}", "image_problem": ""}


def image_of(text: str, endings: tuple[str, ...] = IMAGES) -> tuple[str, str] | None:
    """Return the bucket and the key of the image that an execution is about, if its input names one.

    The images of the workflow may have any name; those of another machine are known by the endings of their keys.
    """
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if not isinstance(value, Mapping):
        return None
    bucket, key = place_of(value)
    return (bucket, key) if bucket and key and key.lower().endswith(endings) else None
