"""Queues, and the review of images whose class a person decides."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from console.aws import queues
from console.aws.workflow import Workflow, workflow
from console.errors import NotThere
from console.site import Site


async def load_queues(site: Site, _: web.Request) -> dict[str, Any]:
    stack = await workflow(site.aws)
    states = await queues.queues(site.aws)
    by_name = {state.name: state for state in states}
    own = [(queue, by_name.pop(queue.url.rpartition("/")[2], None)) for queue in (stack.queues if stack else ())]
    return {"own": [(queue, state) for queue, state in own if state], "others": list(by_name.values())}


async def load_review(site: Site, request: web.Request) -> dict[str, Any]:
    stack = await workflow(site.aws)
    if stack is None:
        return {"workflow": None, "held": [], "waiting": 0, "done": "", "bay": "", "sends_order": False}
    held = await site.desk.fill(site.aws, stack) if await site.aws.may_change("sqs") else []
    state = await queues.state(site.aws, stack.review_queue.url)
    return {
        "workflow": stack,
        "held": held,
        "waiting": state.total,
        "done": request.query.get("done", ""),
        "bay": request.query.get("bay", ""),
        "sends_order": "order" in request.query,
    }


async def require_workflow(site: Site) -> Workflow:
    """Return the workflow's stack. Raises NotThere."""
    stack = await workflow(site.aws)
    if stack is None:
        raise NotThere("this account has no stack of the workflow: run `scones deploy` first")
    return stack
