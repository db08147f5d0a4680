"""The review of images whose class a person decides."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from console import pages
from console.aws import executions, queues
from console.aws.decisions.subjects import ANY, image_of
from console.aws.history.inference_ids import executions_of
from console.aws.review.answers import GivenAnswer, logged, record
from console.aws.review.desk import HELD_MAX, Filled
from console.aws.review.ground_truth import label_in
from console.aws.review.messages import Held
from console.aws.review.pictures import Picture, picture_of
from console.aws.review.queue_search import SEARCH_S, SEARCHED_MAX, End
from console.aws.workflow import Workflow, workflow
from console.errors import ConsoleError, NotThere
from console.site import Site
from console.views.images import one_of_each

ENDS = {
    End.FOUND: "",
    End.EMPTY: "The queue handed out no more.",
    End.LIMIT: f"A search looks at {SEARCHED_MAX:,} messages at most.",
    End.TIME: f"A search takes {SEARCH_S:g} s at most.",
    End.WORN: "The queue is searched no further: a message has been received half as often as the queue allows.",
}
"""What a page says about the end of a search that did not find the image."""


@dataclass(frozen=True)
class Item:
    """An image to review: the first message about it, the number of such messages, and whether it can be shown."""

    held: Held
    times: int
    picture: Picture
    is_wanted: bool
    """Whether it is the image of an execution that the address names."""


@dataclass(frozen=True)
class Absent:
    """An execution whose image is not among those to review. `problem` says what cannot be read about it."""

    status: str = ""
    error: str = ""
    given: GivenAnswer | None = None
    problem: str = ""


async def load_review(site: Site, request: web.Request) -> dict[str, Any]:
    stack = await workflow(site.aws)
    if stack is None:
        return {"workflow": None}
    wanted = request.query.getall("execution", [])[:HELD_MAX]
    filled = await site.desk.fill(site.aws, stack, wanted) if await site.aws.may_change("sqs") else Filled()
    shown = await items(site, filled.held, wanted)
    is_wanted_here = any(each.is_wanted for each in shown)
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
        "held_count": len(filled.held),
        "settled": filled.settled,
        "search": filled.search,
        "wanted": wanted[0] if wanted else "",
        "ends": ENDS,
        "is_wanted_here": is_wanted_here,
        "absent": await absent(site, stack, wanted[0]) if wanted and not is_wanted_here else None,
        "answers": answers,
        "executions": await executions_of(site.aws, stack, names, time.monotonic() + pages.budget_s(site, request)),
        "queue": state,
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
    pictures = [picture_of(site.aws, each.bucket, each.key) for each, _ in firsts]
    return [
        Item(each, times, picture, each.execution in wanted)
        for (each, times), picture in zip(firsts, await asyncio.gather(*pictures), strict=True)
    ]


async def absent(site: Site, stack: Workflow, name: str) -> Absent:
    """Return what is known of an execution whose image is not among those to review."""
    try:
        execution = await executions.described(site.aws, stack.machine_name, name)
    except ConsoleError as error:
        return Absent(problem=str(error))
    known = Absent(execution.status, execution.error)
    times = [each for each in (execution.ended, execution.started) if each]
    try:
        given = await site.answers.given(site.aws, stack, [name], times, image_of(execution.input, ANY))
    except ConsoleError as error:
        return replace(known, problem=f"It cannot be read whether a person answered: {error}")
    return replace(known, given=given)


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
