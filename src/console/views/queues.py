"""Queues, and the review of images whose class a person decides."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console import pages
from console.aws import queues
from console.aws.history.inference_ids import executions_of
from console.aws.review.answers import logged, record
from console.aws.review.desk import HELD_MAX
from console.aws.review.ground_truth import label_in
from console.aws.review.messages import Held
from console.aws.review.pictures import Picture
from console.aws.review.queue_search import SEARCHED_MAX
from console.aws.workflow import Workflow, workflow
from console.errors import NotThere
from console.site import Site
from console.views.images import one_of_each


@dataclass(frozen=True)
class Item:
    """An image to review: the first message about it, the number of such messages, and whether it can be shown."""

    held: Held
    times: int
    picture: Picture
    is_wanted: bool
    """Whether it is the image of an execution that the address names."""


async def load_queues(site: Site, _: web.Request) -> dict[str, Any]:
    stack = await workflow(site.aws)
    states = await queues.queues(site.aws)
    by_name = {state.name: state for state in states}
    own = [(queue, by_name.pop(queue.url.rpartition("/")[2], None)) for queue in (stack.queues if stack else ())]
    return {"own": [(queue, state) for queue, state in own if state], "others": list(by_name.values())}


async def load_review(site: Site, request: web.Request) -> dict[str, Any]:
    stack = await workflow(site.aws)
    if stack is None:
        return {"workflow": None}
    wanted = request.query.getall("execution", [])[:HELD_MAX]
    held = await site.desk.fill(site.aws, stack, wanted) if await site.aws.may_change("sqs") else []
    shown = await items(site, held, wanted)
    state = await queues.state(site.aws, stack.review_queue.url)
    newest = await site.answers.newest(site.aws, stack)
    done = request.query.getall("done", [])[:HELD_MAX]
    written = await record(site.aws, stack, done[0]) if done else ""
    answers = await logged(site.aws, stack, site.desk.log, newest)
    names = {each.answer.inference_id: each.execution for each in answers}
    return {
        "workflow": stack,
        "items": shown,
        "first": first_for_keys(shown, wanted),
        "held_count": len(held),
        "settled": site.desk.settled,
        "wanted": wanted[0] if wanted else "",
        "searched": SEARCHED_MAX,
        "is_wanted_here": any(each.is_wanted for each in shown),
        "answers": answers,
        "executions": await executions_of(site.aws, stack, names, time.monotonic() + pages.budget_s(site, request)),
        "waiting": state.total,
        "done": done,
        "done_max": HELD_MAX,
        "done_keys": json.dumps(done),
        "record": written,
        "answered": label_in(written),
        "bay": request.query.get("bay", ""),
        "undone": request.query.get("undone", ""),
        "sends_order": "order" in request.query,
    }


async def items(site: Site, held: Sequence[Held], wanted: Collection[str]) -> list[Item]:
    """Return an item for each image, those of the wanted executions first."""
    firsts = one_of_each(sorted(held, key=lambda each: each.execution not in wanted), lambda each: each.image)
    pictures = await site.desk.show(site.aws, [each for each, _ in firsts])
    return [
        Item(each, times, picture, each.execution in wanted)
        for (each, times), picture in zip(firsts, pictures, strict=True)
    ]


def first_for_keys(shown: Sequence[Item], wanted: Collection[str]) -> str:
    """Return the id of the message that the digits answer, that of the first image; empty if they answer none.

    A person who came for an image expects it under the digits. They answer no other in its place.
    """
    if wanted:
        shown = [each for each in shown[:1] if each.is_wanted]
    return next((each.held.id for each in shown if not each.picture.problem), "")


async def require_workflow(site: Site) -> Workflow:
    """Return the workflow's stack. Raises NotThere."""
    stack = await workflow(site.aws)
    if stack is None:
        raise NotThere("this account has no stack of the workflow: run `scones deploy` first")
    return stack
