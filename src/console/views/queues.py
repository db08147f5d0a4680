"""Queues, and how many messages each has."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from console.aws import queues
from console.aws.workflow import workflow
from console.site import Site


async def load_queues(site: Site, _: web.Request) -> dict[str, Any]:
    stack = await workflow(site.aws)
    states = await queues.queues(site.aws)
    by_name = {state.name: state for state in states}
    own = [(queue, by_name.pop(queue.url.rpartition("/")[2], None)) for queue in (stack.queues if stack else ())]
    return {"own": [(queue, state) for queue, state in own if state], "others": list(by_name.values())}
