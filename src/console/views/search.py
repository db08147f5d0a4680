"""Search by name, over everything that has a page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from console.aws import endpoints, models, pipelines, state_machines
from console.aws.decisions.events import Event, of_execution
from console.aws.decisions.failures import shown_status
from console.aws.monitoring import schedules
from console.aws.state_machines import ExecutionSummary, Machine
from console.aws.training import jobs as training_jobs
from console.aws.workflow import readable_workflow
from console.errors import ConsoleError
from console.site import PLACES, Site

EXECUTIONS_PAGE, EXECUTIONS_OF_EACH = 1000, 3000
"""Executions of each machine that are searched, the newest first. ListExecutions has no search by name."""
PIPELINE_EXECUTIONS = 100
"""Executions of each pipeline that are searched: a page of ListPipelineExecutions has no more."""
MORE_PAGES = (("Failed in the last hour", "/failures"), ("Compare training jobs", "/training-jobs/compare"))
SHOWN = 30
KEPT_S = 10.0


@dataclass(frozen=True)
class Hit:
    kind: str
    name: str
    path: str
    status: str = ""
    shown: str = ""
    """The status that pages show of an execution, if it is another than AWS's."""


async def load(site: Site, request: web.Request) -> dict[str, Any]:
    name = request.query.get("q", "").strip()
    if not name:
        return {"name": "", "hits": [], "unsearched": []}
    unsearched: list[str] = []
    of_machines, of_pipelines = (partial(each, unsearched=unsearched) for each in (_machines, _pipelines))
    kinds = (_pages, _jobs, _endpoints, of_machines, of_pipelines, _models, _schedules)
    parts = await asyncio.gather(*(_or_nothing(kind, site, name) for kind in kinds))
    hits = [hit for part in parts for hit in part]
    if len(hits) == 1:
        raise web.HTTPFound(hits[0].path)
    return {"name": name, "hits": hits, "unsearched": unsearched}


async def _or_nothing(kind: Callable[[Site, str], Awaitable[list[Hit]]], site: Site, name: str) -> list[Hit]:
    try:
        return await kind(site, name)
    except ConsoleError:
        return []  # the overview tells which service does not answer


def has(text: str, name: str) -> bool:
    """Whether a name has a text in it, in any case."""
    return text.casefold() in name.casefold()


async def _pages(site: Site, name: str) -> list[Hit]:
    """Return the pages of the console that are called so: those of the navigation, and those that others lead to."""
    stack = await readable_workflow(site.aws)
    drift = [(f"Drift of {stack.endpoint}", f"/drift/{stack.endpoint}")] if stack and stack.monitor else []
    called = [*((each.name, each.path) for each in PLACES), *MORE_PAGES, *drift]
    return [Hit("page", each, path) for each, path in called if has(name, each)]


async def _pipelines(site: Site, name: str, unsearched: list[str]) -> list[Hit]:
    """Return pipelines, and executions by their ids. `unsearched` is as for machines."""
    names, _ = await pipelines.names(site.aws)
    hits = [Hit("pipeline", each, f"/pipelines/{each}") for each in names if has(name, each)]
    for found in await asyncio.gather(*(_executions_of(site, each, name, unsearched) for each in names)):
        hits += found
    return hits


async def _executions_of(site: Site, pipeline: str, name: str, unsearched: list[str]) -> list[Hit]:
    try:
        rows, following = await pipelines.executions(site.aws, pipeline, limit=PIPELINE_EXECUTIONS)
    except ConsoleError:
        return []  # the role may list pipelines alone, or it was deleted a moment ago
    unsearched += [f"the pipeline {pipeline}"] if following else []
    kind = f"execution of the pipeline {pipeline}"
    called = [row for row in rows if has(name, row.id)][:SHOWN]
    return [Hit(kind, row.id, f"/pipelines/{pipeline}/{row.id}", row.status, row.status) for row in called]


async def _schedules(site: Site, name: str) -> list[Hit]:
    rows = await schedules.schedules(site.aws)
    return [Hit("monitoring schedule", row.name, f"/monitoring/{row.name}") for row in rows if has(name, row.name)]


async def _jobs(site: Site, name: str) -> list[Hit]:
    rows, _ = await training_jobs.listed(site.aws, name=name, limit=SHOWN)
    return [Hit("training job", row.name, f"/training-jobs/{row.name}", row.status) for row in rows]


async def _endpoints(site: Site, name: str) -> list[Hit]:
    rows, _ = await endpoints.listed(site.aws, name=name)
    return [Hit("endpoint", row.name, f"/endpoints/{row.name}", row.status) for row in rows]


async def _models(site: Site, name: str) -> list[Hit]:
    groups, _ = await models.groups(site.aws, name)
    return [Hit("model package group", row.name, f"/models/{row.name}") for row in groups]


async def _machines(site: Site, name: str, unsearched: list[str]) -> list[Hit]:
    """Return machines and executions. `unsearched` gets the machines that have more executions than are searched."""
    machines = await state_machines.machines(site.aws)
    hits = [Hit("state machine", row.name, f"/state-machines/{row.name}") for row in machines if has(name, row.name)]
    for machine in machines:
        rows, has_more = await _executions(site, machine)
        unsearched += [machine.name] if has_more else []
        called = [of_execution(row) for row in rows if has(name, row.name)][:SHOWN]
        hits += await asyncio.gather(*(_execution_hit(site, each) for each in called))
    return hits


async def _execution_hit(site: Site, event: Event) -> Hit:
    shown = shown_status(event.status, await site.reasons.of(site.aws, event))
    return Hit(event.kind, event.name, event.path, event.status, shown)


async def _executions(site: Site, machine: Machine) -> tuple[list[ExecutionSummary], bool]:
    """Return the newest EXECUTIONS_OF_EACH executions of a machine, and whether there are older ones."""
    rows, following = await state_machines.executions(site.aws, machine, limit=EXECUTIONS_PAGE, keep_s=KEPT_S)
    while following and len(rows) < EXECUTIONS_OF_EACH:
        page, following = await state_machines.executions(
            site.aws, machine, after=following, limit=EXECUTIONS_PAGE, keep_s=KEPT_S
        )
        rows = [*rows, *page]
    return rows, bool(following)
