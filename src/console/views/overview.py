"""The first page: what runs, whether it is healthy, and what happened last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from console.aws.overview import EVENTS, Event, overview
from console.site import Site

OF_ONE_KIND = 6


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
    return {
        "shown": shown,
        "events": mixed(shown.events),
        "alarming": [alarm for alarm in shown.alarms if alarm.state == "ALARM"],
        "review": next((each for each in shown.waiting if each.queue.name == "Review"), None),
    }
