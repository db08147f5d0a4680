"""SageMaker Pipelines: the list, a pipeline as a graph, and executions drawn on it."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from console.aws import pipelines, state_machines
from console.aws.history.started import last_error, started_of
from console.aws.log_search import FUNCTIONS
from console.aws.logs import group_address
from console.aws.pipelines import Execution, Step
from console.aws.state_machines import ExecutionSummary
from console.aws.workflow import workflow
from console.errors import ConsoleError
from console.site import Site
from display import figures
from display.colors import status_tone
from display.state_machines.definition import Graph
from display.state_machines.drawing import Drawing, Visit, draw

STRIP = 24
FAILED = "Failed"
LAMBDA = ":function:"


async def load_list(site: Site, request: web.Request) -> dict[str, Any]:
    names, following = await pipelines.names(site.aws, request.query.get("after", ""))
    pages = await asyncio.gather(*(pipelines.executions(site.aws, each, limit=STRIP) for each in names))
    shown = [(name, last) for name, (last, _) in zip(names, pages, strict=True)]
    own, runs = await _own(site)
    page = {"rows": shown, "following": following, "after": request.query.get("after", "")}
    return page | {"own": own, "runs": runs}


async def _own(site: Site) -> tuple[str, list[ExecutionSummary]]:
    """Return the name of the kit's own pipeline, a state machine, and its last run; an empty name if there is none."""
    try:
        stack = await workflow(site.aws)
        if stack is None or not stack.pipeline:
            return "", []
        machine = await state_machines.machine_named(site.aws, stack.pipeline.rpartition(":")[2])
        runs, _ = await state_machines.executions(site.aws, machine, limit=1)
    except ConsoleError:
        return "", []  # the role may read pipelines and nothing else
    return machine.name, runs


async def load_pipeline(site: Site, request: web.Request) -> dict[str, Any]:
    name, after = request.match_info["name"], request.query.get("after", "")
    graph = await pipelines.graph(site.aws, name)
    rows, following = await pipelines.executions(site.aws, name, after)
    return {
        "name": name,
        "executions": rows,
        "following": following,
        "after": after,
        "graph": draw(graph, f"The steps of {name}"),
    }


async def load_execution(site: Site, request: web.Request) -> dict[str, Any]:
    name = request.match_info["name"]
    execution = await pipelines.described(site.aws, name, request.match_info["id"])
    graph, steps = await asyncio.gather(pipelines.graph(site.aws, name), pipelines.steps(site.aws, execution))
    return {
        "name": name,
        "execution": execution,
        "steps": [(step, path_of(step.job), log_of(step.job)) for step in steps],
        "failures": await asyncio.gather(*(_failure(site, step) for step in steps if step.failure)),
        "ended": max((step.ended for step in steps if step.ended), default=None) if execution.is_ended else None,
        "graph": draw(graph, f"The path of {execution.id}", drawing(graph, execution, steps)),
    }


def drawing(graph: Graph, execution: Execution, steps: list[Step]) -> Drawing:
    """Return what an execution adds to the graph. A line counts as taken if the steps at both ends have begun."""
    begun = {step.name for step in steps if step.started}
    visits = {
        step.name: Visit(
            status_tone(step.status),
            "cached"
            if step.is_cached
            else figures.duration(step.seconds)
            if step.seconds is not None
            else step.outcome,
            f"{step.name}: {step.status}" + (f"\n{step.failure}" if step.failure else ""),
        )
        for step in steps
    }
    taken = {(each.source, each.target) for each in graph.transitions if {each.source, each.target} <= begun}
    return Drawing(visits, taken, {step.name: f"step-{step.name}" for step in steps}, _focus(steps))


def _focus(steps: list[Step]) -> str:
    """Return the step that a large graph shows first: one that failed, one that runs, or the last."""
    begun = [step for step in steps if step.started]
    failed = [step for step in begun if step.status == FAILED]
    return next((step.name for step in [*failed, *(each for each in begun if not each.ended), *begun[-1:]]), "")


async def _failure(site: Site, step: Step) -> tuple[Step, str, str]:
    """Return a step that failed, the last error in the log of its job, and the page of that log."""
    started = started_of(step.job)
    return step, await last_error(site.aws, started) if started else "", log_of(step.job)


def path_of(arn: str) -> str:
    """Return the page of what a step started, or that of its log; empty if the console has neither."""
    started = started_of(arn)
    return started.page if started else log_of(arn)


def log_of(arn: str) -> str:
    """Return the page of the log of the job, endpoint or function that a step started; empty for other resources."""
    if LAMBDA in arn:
        return group_address(FUNCTIONS + arn.partition(LAMBDA)[2].partition(":")[0])
    started = started_of(arn)
    return started.log if started else ""
