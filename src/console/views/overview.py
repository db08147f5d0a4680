"""The first page: what runs, whether it is healthy, and what happened last."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console.aws import endpoints
from console.aws.monitoring import workflow_monitor
from console.aws.monitoring.verdict import Verdict, verdict
from console.aws.overview import EVENTS, Event, Overview, overview, reason
from console.aws.training import jobs as training_jobs
from console.aws.workflow import Workflow
from console.errors import ConsoleError
from console.site import Site

OF_ONE_KIND = 6
RUNS = 24
"""The number of runs of the monitor that are read for the verdict: a day's."""


@dataclass(frozen=True)
class Service:
    """The model of the workflow's endpoint: its training job with the final metrics, and the state of its drift."""

    endpoint: str
    job: str
    metrics: Mapping[str, float]
    is_monitored: bool
    drift: Verdict


def mixed(events: Sequence[Event]) -> list[Event]:
    """Return the last events, at most OF_ONE_KIND of each kind, so that a busy kind does not hide the others."""
    counts: Counter[str] = Counter()
    kept = []
    for event in events:
        counts[event.kind] += 1
        if counts[event.kind] <= OF_ONE_KIND:
            kept.append(event)
    return kept[:EVENTS]


async def load(site: Site, _: web.Request) -> dict[str, Any]:
    shown = await overview(site.aws)
    events = mixed(shown.events)
    reasons = await asyncio.gather(*(reason(site.aws, event) for event in events))
    return {
        "shown": shown,
        "events": list(zip(events, reasons, strict=True)),
        "service": await _service(site, shown),
        "alarming": [alarm for alarm in shown.alarms if alarm.is_raised],
        "waiting_alarms": [alarm for alarm in shown.alarms if alarm.waits_because],
        "review": next((each for each in shown.waiting if each.queue.name == "Review"), None),
    }


async def _service(site: Site, shown: Overview) -> Service | None:
    """Return the model that the workflow's endpoint serves, and whether its traffic has drifted."""
    stack = shown.workflow
    if stack is None or all(each.name != stack.endpoint for each in shown.endpoints):
        return None
    try:
        endpoint = await endpoints.described(site.aws, stack.endpoint)
        job = next((variant.job for variant in endpoint.variants if variant.job), "")
        metrics = (await training_jobs.described(site.aws, job)).final_metrics if job else {}
    except ConsoleError:
        return None  # it was deleted a moment ago
    return Service(stack.endpoint, job, metrics, bool(stack.monitor), await _drift(site, stack))


async def _drift(site: Site, stack: Workflow) -> Verdict:
    if not stack.monitor:
        return Verdict(None, None, None)
    try:
        runs = await workflow_monitor.runs(site.aws, stack, RUNS)
    except ConsoleError:
        runs = []  # the role may not read executions
    return verdict(runs, await workflow_monitor.state(site.aws, stack))
