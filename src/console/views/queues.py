"""Queues, and the review of images whose class a person decides."""

from __future__ import annotations

from collections import Counter
from typing import Any

from aiohttp import web

from console.aws import queues
from console.aws.decisions.answers import record
from console.aws.review import Held
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
        return {"workflow": None, "held": [], "waiting": 0, "done": "", "bay": "", "sends_order": False, "answers": []}
    held = await site.desk.fill(site.aws, stack) if await site.aws.may_change("sqs") else []
    state = await queues.state(site.aws, stack.review_queue.url)
    return {
        "workflow": stack,
        "held": images(held),
        "held_count": len(held),
        "record": await record(site.aws, stack, request.query["done"]) if "done" in request.query else "",
        "count": request.query.get("count", "1"),
        "answers": await site.answers.newest(site.aws, stack),
        "waiting": state.total,
        "done": request.query.get("done", ""),
        "bay": request.query.get("bay", ""),
        "sends_order": "order" in request.query,
    }


def images(held: list[Held]) -> list[tuple[Held, int]]:
    """Return one message of each image, and how many of those held are about it."""
    counts = Counter(each.image for each in held)
    firsts = {each.image: each for each in reversed(held)}
    return [(each, counts[each.image]) for each in held if firsts[each.image] is each]


async def require_workflow(site: Site) -> Workflow:
    """Return the workflow's stack. Raises NotThere."""
    stack = await workflow(site.aws)
    if stack is None:
        raise NotThere("this account has no stack of the workflow: run `scones deploy` first")
    return stack
