"""The page of one captured record, and its picture."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Any

from aiohttp import web

from console import pages
from console.aws import endpoints, executions, models
from console.aws.captures.index import CaptureIndex
from console.aws.captures.records import Captured, Record, Side
from console.aws.decisions.failures import BELOW_THRESHOLD
from console.aws.decisions.subjects import ANY, image_of
from console.aws.decisions.verdict import shares_of
from console.aws.endpoints import Endpoint
from console.aws.executions import Execution
from console.aws.history.inference_ids import executions_of
from console.aws.history.started import Started
from console.aws.review.answers import review_address
from console.aws.review.pictures import kind_of
from console.aws.workflow import Workflow, readable_workflow
from console.errors import ConsoleError, NotThere
from console.readable import readable
from console.site import Site
from console.views.captures.filters import class_names, filter_of, filter_query, neighbors, tiles_of
from console.views.images import image_answer
from console.views.parameters import is_number

FIND_S = 3.0
TO_DECIDE = timedelta(hours=1)
"""A decision may be in the hour after that of the record, in whose folder its ground truth is then."""


@dataclass(frozen=True)
class Served:
    """The model that the record's variant serves now."""

    name: str
    job: str
    """The training job that made it; empty if it is unknown."""
    version: Started | None
    """The version of the registry that it was made from, if it names one."""
    is_as_then: bool
    """Whether the endpoint has not changed since the record: no record names the model that answered."""


async def load_record(site: Site, request: web.Request) -> dict[str, Any]:
    """Load the page of the record at a place in a capture file, or of the event that the address names."""
    endpoint, index = await _captured_by(site, request)
    if event_id := request.query.get("event"):
        found = await index.find(site.aws, event_id, FIND_S)
        record = await index.read_record(site.aws, found.file, found.at, found.size)
    else:
        await index.advance(site.aws, pages.budget_s(site, request))
        record = await _record(site, index, request)
    stack = await workflow_of(site, endpoint)
    entry, names = record.entry, class_names(stack, chain(index.records, [record.entry]))
    chosen = filter_of(request.query)
    name, execution = await _execution(site, stack, entry)
    return {
        "endpoint": endpoint,
        "record": record,
        "entry": entry,
        "has_picture": bool(record.request and kind_of(record.request.body)),
        "variant": index.variant_of(entry.file),
        "served": await _served(site, endpoint, index.variant_of(entry.file), entry),
        "predicted": "" if entry.prediction is None else names[entry.prediction],
        "shares": shares_of(record.probabilities, names),
        "threshold": stack.threshold if stack else None,
        "texts": {side: _text(body) for side, body in (("Request", record.request), ("Answer", record.answer)) if body},
        "workflow": stack,
        "execution": name,
        **(await _reviewed(site, stack, entry, execution)),
        "neighbors": neighbors(tiles_of(list(filter(chosen, index.records)), chosen.order), entry),
        "unread": index.unread,
        "filter_query": filter_query(request.query),
        "bucket": index.bucket,
    }


async def image(site: Site, request: web.Request) -> web.StreamResponse:
    """Answer with the captured image at a place in a capture file; where a person opens it, with the record's page."""
    if request.headers.get("Sec-Fetch-Dest") == "document":
        raise web.HTTPFound(request.rel_url.with_path(request.path.rpartition("/")[0], keep_query=True))
    _, index = await _captured_by(site, request)
    record = await _record(site, index, request)
    answer = image_answer(record.request.body if record.request else b"")
    answer.headers["Vary"] = "Sec-Fetch-Dest"  # or a browser would open the image that it has kept
    return answer


async def _captured_by(site: Site, request: web.Request) -> tuple[Endpoint, CaptureIndex]:
    """Return the endpoint that the address names, and the index of what it captures. Raises NotThere."""
    endpoint = await endpoints.described(site.aws, request.match_info["name"])
    if not endpoint.captures:
        raise NotThere(f"data capture is off in {endpoint.config}, the configuration of endpoint {endpoint.name}")
    return endpoint, site.captures.of(endpoint.name, endpoint.captures)


async def _record(site: Site, index: CaptureIndex, request: web.Request) -> Record:
    at, size = request.query.get("at", ""), request.query.get("size", "")
    if not (is_number(at) and is_number(size)):
        raise NotThere("the address names no captured record")
    return await index.read_record(site.aws, request.query.get("file", ""), int(at), int(size))


async def _served(site: Site, endpoint: Endpoint, variant: str, entry: Captured) -> Served | None:
    """Return the model of a variant; None if the endpoint has no such variant now."""
    found = next((each for each in endpoint.variants if each.name == variant and each.model), None)
    if found is None:
        return None
    is_as_then = endpoint.status == "InService" and entry.moment >= endpoint.changed
    return Served(found.model, found.job, await models.version_of(site.aws, found.model), is_as_then)


async def _execution(site: Site, stack: Workflow | None, entry: Captured) -> tuple[str, Execution | None]:
    """Return the execution that sent the request, by its name, which is empty if there is none.

    A record may have only the end of a long name: that one is looked for among the executions of the workflow.
    """
    if stack is None or not entry.inference_id:
        return "", None
    name = entry.execution
    if not name:
        found = await executions_of(site.aws, stack, {entry.inference_id: ""}, time.monotonic() + FIND_S)
        name = found.get(entry.inference_id, "")
    try:
        return name, await executions.described(site.aws, stack.machine_name, name) if name else None
    except NotThere:
        return "", None
    except ConsoleError:
        return name, None  # the role may not read executions


async def _reviewed(site: Site, stack: Workflow | None, entry: Captured, sender: Execution | None) -> dict[str, Any]:
    """Return what a person answered about the image, and whether an answer is still asked for."""
    if stack is None:
        return {"given": None, "unknown": "", "review": ""}
    ids = [each for each in (entry.inference_id, entry.event_id) if each]
    times = (entry.moment, entry.moment + TO_DECIDE)
    place = image_of(sender.input, ANY) if sender else None
    try:
        given = await site.answers.given(site.aws, stack, ids, times, place)
    except ConsoleError as refusal:
        return {"given": None, "unknown": str(refusal), "review": ""}
    asks = sender is not None and sender.error == BELOW_THRESHOLD
    review = review_address(sender.name if sender else "", given) if given or asks else ""
    return {"given": given, "unknown": "", "review": review}


def _text(side: Side) -> str:
    """Return a payload as a page shows it; empty if it is no text."""
    return readable(side.body.decode(errors="replace")) if side.is_text else ""


async def workflow_of(site: Site, endpoint: Endpoint) -> Workflow | None:
    """Return the workflow's stack, if the endpoint is its own."""
    stack = await readable_workflow(site.aws)
    return stack if stack and stack.endpoint == endpoint.name else None
