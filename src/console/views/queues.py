"""Queues, and the review of images whose class a person decides."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from console.aws import queues
from console.aws.workflow import Workflow, workflow
from console.errors import NotThere
from console.site import Site


async def load_queues(site: Site, _: web.Request) -> dict[str, Any]:
    found = await workflow(site.aws)
    states = await queues.queues(site.aws)
    by_name = {state.name: state for state in states}
    own = [(queue, by_name.pop(queue.url.rpartition("/")[2], None)) for queue in (found.queues if found else ())]
    return {"own": [(queue, state) for queue, state in own if state], "others": list(by_name.values())}


async def load_review(site: Site, request: web.Request) -> dict[str, Any]:
    found = await workflow(site.aws)
    if found is None:
        return {"workflow": None, "held": [], "waiting": 0, "done": ""}
    held = await site.desk.fill(site.aws, found) if await site.aws.may_change("sqs") else []
    state = await queues.state(site.aws, found.review_queue.url)
    return {"workflow": found, "held": held, "waiting": state.total, "done": request.query.get("done", "")}


async def require_workflow(site: Site) -> Workflow:
    """Return the workflow's stack. Raises NotThere."""
    found = await workflow(site.aws)
    if found is None:
        raise NotThere("this account has no stack of the workflow: run `scones deploy` first")
    return found
