"""The page of one execution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any
from urllib.parse import quote

from aiohttp import web

from console import live
from console.aws import executions, gate, state_machines
from console.aws.decisions.failures import Reason, shown_status
from console.aws.decisions.subjects import ANY, IMAGES, image_of
from console.aws.decisions.verdict import verdict_of
from console.aws.executions import Execution
from console.aws.history.item_names import item_names
from console.aws.history.started import last_error
from console.aws.history.visits import History, Visit
from console.aws.review.answers import GivenAnswer, review_address
from console.aws.review.pictures import image_address, picture_of
from console.aws.state_machines import Machine
from console.aws.workflow import readable_workflow, workflow_of
from console.errors import ConsoleError
from console.readable import readable
from console.site import Site
from console.views.state_machines.functions import functions_in
from console.views.state_machines.graph import drawing, graph_of
from console.views.state_machines.path import SHOWN_VISITS, folded, retries_of, rows_of, waited_s, whole_cause
from display.causes import cause_of
from display.state_machines.drawing import draw


async def load_execution(site: Site, request: web.Request) -> dict[str, Any]:
    name, machine_name = request.match_info["name"], request.match_info["machine"]
    machine = await state_machines.machine_named(site.aws, machine_name)
    execution = await executions.described(site.aws, machine_name, name)
    history = await executions.history(site.aws, execution)
    definition = await _definition(site, machine)
    graph = graph_of(definition)
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
        "visits": folded(rows_of(shown, history, names)),
        "shown_visits": min(SHOWN_VISITS, len(history.visits)),
        "retries": retries_of(history.visits),
        "waited_s": waited_s(execution, history),
        # the picture is in no live block
        **({} if live.wants_stream(request) else await _image(site, execution)),
        "input": readable(execution.input),
        "output": readable(execution.output),
    }


async def _decision(site: Site, execution: Execution, history: History) -> dict[str, Any]:
    """Return what the workflow decided about the image, and what a person answered. Other machines have neither."""
    stack = await workflow_of(site.aws, execution.machine_arn)
    if stack is None:
        return {"verdict": None, "given": None, "unknown": "", "review": "", "waiting": ""}
    verdict, unknown = verdict_of(stack, execution, history.visits), ""
    given: GivenAnswer | None = None
    if verdict and not verdict.is_certain:
        times = [visit.entered.astimezone(UTC) for visit in reversed(history.visits)]
        image = image_of(execution.input, ANY)
        try:
            given = await site.answers.given(site.aws, stack, [execution.name], times, image)
        except ConsoleError as error:
            unknown = str(error)
    # the pages of the review are those of the first workflow
    is_reviewed_here = stack == await readable_workflow(site.aws)
    review = review_address(execution.name, given) if is_reviewed_here else ""
    waiting = review_address(execution.name, None)
    return {"verdict": verdict, "given": given, "unknown": unknown, "review": review, "waiting": waiting}


@dataclass(frozen=True)
class Failure:
    """Why an execution failed. `visit` is that of the state where it began, if the history has it."""

    visit: Visit | None
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
        whole=whole_cause(execution.cause),
        log_line=await last_error(site.aws, visit.started) if visit and visit.started else "",
    )


async def _definition(site: Site, machine: Machine) -> Mapping[str, Any]:
    try:
        return await state_machines.definition(site.aws, machine)
    except (ConsoleError, ValueError):
        return {}  # the machine was deleted a moment ago


async def _image(site: Site, execution: Execution) -> dict[str, str]:
    """Return the address of the image that an execution is about, or why it cannot be shown. Both may be empty."""
    is_own = await workflow_of(site.aws, execution.machine_arn) is not None
    place = image_of(execution.input, ANY if is_own else IMAGES)
    if place is None:
        return {"image": "", "image_problem": ""}
    picture = await picture_of(site.aws, *place)
    if picture.problem:
        return {"image": "", "image_problem": picture.problem}
    return {"image": f"{image_address(*place)}?version={quote(picture.version)}", "image_problem": ""}
