"""Search by name, over everything that has a page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console.aws import endpoints, models, state_machines
from console.aws.training import jobs as training_jobs
from console.errors import ConsoleError
from console.site import Site

EXECUTIONS_OF_EACH = 100
SHOWN = 30


@dataclass(frozen=True)
class Hit:
    kind: str
    name: str
    path: str
    status: str = ""


async def load(site: Site, request: web.Request) -> dict[str, Any]:
    name = request.query.get("q", "").strip()
    if not name:
        return {"name": "", "hits": []}
    parts = await asyncio.gather(*(_or_nothing(kind, site, name) for kind in (_jobs, _endpoints, _machines, _models)))
    hits = [hit for part in parts for hit in part]
    if len(hits) == 1:
        raise web.HTTPFound(hits[0].path)
    return {"name": name, "hits": hits}


async def _or_nothing(kind: Callable[[Site, str], Awaitable[list[Hit]]], site: Site, name: str) -> list[Hit]:
    try:
        return await kind(site, name)
    except ConsoleError:
        return []  # the overview tells which service does not answer


async def _jobs(site: Site, name: str) -> list[Hit]:
    rows, _ = await training_jobs.listed(site.aws, name=name, limit=SHOWN)
    return [Hit("training job", row.name, f"/training-jobs/{row.name}", row.status) for row in rows]


async def _endpoints(site: Site, name: str) -> list[Hit]:
    rows, _ = await endpoints.listed(site.aws, name=name)
    return [Hit("endpoint", row.name, f"/endpoints/{row.name}", row.status) for row in rows]


async def _models(site: Site, name: str) -> list[Hit]:
    return [Hit("model package group", row.name, f"/models/{row.name}") for row in await models.groups(site.aws, name)]


async def _machines(site: Site, name: str) -> list[Hit]:
    machines = await state_machines.machines(site.aws)
    hits = [Hit("state machine", row.name, f"/state-machines/{row.name}") for row in machines if name in row.name]
    for machine in machines:
        rows, _ = await state_machines.executions(site.aws, machine, limit=EXECUTIONS_OF_EACH)
        hits += [
            Hit(f"execution of {machine.name}", row.name, f"/executions/{machine.name}/{row.name}", row.status)
            for row in rows
            if name in row.name
        ][:SHOWN]
    return hits
