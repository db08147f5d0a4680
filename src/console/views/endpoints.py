"""Endpoints: the list, and one with its variants, its traffic and what it captured."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from console import pages
from console.aws import endpoints
from console.aws.captures.index import CaptureIndex
from console.aws.endpoints import RANGES, Endpoint, Points
from console.aws.latencies import latencies
from console.aws.training import jobs as training_jobs
from console.errors import ConsoleError
from console.site import Site
from console.views.captures.filters import SHOWN, class_names, filter_of, filter_query, tiles_of
from console.views.captures.record import workflow_of
from console.views.parameters import choice, is_number
from display import figures
from display.confidence_charts import NARROW, WIDTH, Decision, confidence_over_time, histogram
from display.line_chart import Axes, Series, line_chart

STATUSES = (
    "Creating",
    "InService",
    "Updating",
    "RollingBack",
    "Deleting",
    "Failed",
    "UpdateRollbackFailed",
    "OutOfService",
)
CHARTED = 600
ANSWERS = 200
"""How many of the last answers of people are looked up for the tiles."""
DEFAULT_REACH = "3h"
REACH_NAMES = {"30min": "30 min", "1h": "1 h", "3h": "3 h", "24h": "24 h", "7d": "7 days"}
GAP = 1.5
"""A curve of traffic has a gap after so many periods without a point."""
PERIODS = {60: "per minute", 300: "per 5 minutes", 3600: "per hour"}


async def load_list(site: Site, request: web.Request) -> dict[str, Any]:
    status = choice(request.query, "status", STATUSES)
    name, after = (request.query.get(key, "") for key in ("q", "after"))
    rows, following = await endpoints.listed(site.aws, status, name, after)
    return {
        "rows": rows,
        "latencies": await latencies(site.aws, [each.name for each in rows]),
        "statuses": STATUSES,
        "status": status,
        "q": name,
        "after": after,
        "following": following,
    }


async def load_endpoint(site: Site, request: web.Request) -> dict[str, Any]:
    endpoint = await endpoints.described(site.aws, request.match_info["name"])
    reach = asked = choice(request.query, "range", RANGES, DEFAULT_REACH)
    now = datetime.now(UTC).replace(second=0, microsecond=0).timestamp()  # the charts change once a minute
    points, (p95, percentiles) = await asyncio.gather(
        endpoints.traffic(site.aws, endpoint, reach), endpoints.latency_percentiles(site.aws, endpoint, reach)
    )
    if "range" not in request.query and _all_since(points, now - RANGES["1h"][0].total_seconds()):
        reach = "1h"  # the same points in a chart with more room for them
    index = site.captures.of(endpoint.name, endpoint.captures) if endpoint.captures else None
    if index:
        await index.advance(site.aws, pages.budget_s(site, request))
    return {
        "endpoint": endpoint,
        **(await _compared(site, endpoint)),
        "reach": reach,
        "ranges": REACH_NAMES,
        "totals": totals(points),
        "percentiles": percentiles,
        "period": PERIODS[RANGES[asked][1]],
        "charts": traffic_charts(
            {**points, "latency_p95": p95},
            (now - RANGES[reach][0].total_seconds(), now),
            RANGES[asked][1],
        ),
        **(await _captures(site, endpoint, index, request.query)),
    }


async def _compared(site: Site, endpoint: Endpoint) -> dict[str, Any]:
    """Return the jobs whose models are served here, and the newest job, which may have a better one."""
    serving = list(dict.fromkeys(variant.job for variant in endpoint.variants if variant.job))
    try:
        newest = await training_jobs.newest_completed(site.aws) if serving else None
    except ConsoleError:
        newest = None  # the role may describe endpoints and not list jobs
    name = newest.name if newest else ""
    compared = list(dict.fromkeys([*serving, *([name] if name else [])]))
    return {"serving": serving, "newest": name or (serving[0] if serving else ""), "compared": compared}


def _all_since(points: Mapping[str, Points], start: float) -> bool:
    return bool(points["invocations"]) and all(time >= start for each in points.values() for time, _ in each)


def totals(points: Mapping[str, Points]) -> dict[str, float | None]:
    """Return the figures of the range: sums, the mean latency weighted by invocations, and the maximum."""
    return {
        "invocations": sum(value for _, value in points["invocations"]),
        "errors_4xx": sum(value for _, value in points["errors_4xx"]),
        "errors_5xx": sum(value for _, value in points["errors_5xx"]),
        "latency_mean": endpoints.weighted_mean(points["latency_mean"], points["invocations"]),
        "latency_samples": sum(value for _, value in points["latency_samples"]),
        "latency_max": max((value for _, value in points["latency_max"]), default=None),
    }


def traffic_charts(
    points: Mapping[str, Points], x_range: tuple[float, float], period_s: int
) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return title, SVG and legend of each chart that has points."""
    period = PERIODS[period_s]
    slow = ("latency_p95", f"p95 {period}", "busy") if points["latency_p95"] else ("latency_max", "maximum", "busy")
    groups = (
        ("Invocations", figures.number, (("invocations", period, "ink"),)),
        ("Errors", figures.number, (("errors_4xx", "4xx", "attention"), ("errors_5xx", "5xx", "bad"))),
        ("Model latency", figures.duration, (("latency_mean", "mean", "ink"), slow)),
    )
    drawn = []
    for title, write, parts in groups:
        series = [Series(name, points[key], tone) for key, name, tone in parts if points[key]]
        is_flat = title == "Errors" and not any(value for each in series for _, value in each.points)
        if series and not is_flat:
            axes = Axes(x_is_time=True, write=write, from_zero=True, x_range=x_range, gap=GAP * period_s)
            drawn.append((title, line_chart(series, title, axes), [(name, tone) for _, name, tone in parts]))
    return drawn


async def _captures(
    site: Site, endpoint: Endpoint, index: CaptureIndex | None, query: Mapping[str, str]
) -> dict[str, Any]:
    stack = await workflow_of(site, endpoint)
    records = index.records if index else []
    names, threshold = class_names(stack, records), stack.threshold if stack else None
    chosen = filter_of(query)
    shown = [record for record in records if chosen(record)]
    decisions = [
        Decision(record.time, record.prediction, record.confidence)
        for record in shown
        if record.prediction is not None and record.confidence is not None
    ]
    newest = decisions[:CHARTED]
    tiles = tiles_of(shown, chosen.order)
    page = int(query["page"]) if is_number(query.get("page", "")) else 0
    return {
        "names": names,
        "days": days(datetime.now(UTC)),
        "filter": query,
        "filter_query": filter_query(query),
        "threshold": threshold,
        "captured": len(records),
        "unread": index.unread if index else 0,
        "unreadable": index.unreadable if index else 0,
        "matching": len(shown),
        "page": page,
        "pages": -(-len(tiles) // SHOWN),
        "records": tiles[page * SHOWN : (page + 1) * SHOWN],
        "answers": {each.inference_id: each for each in await site.answers.newest(site.aws, stack, ANSWERS)}
        if stack and records
        else {},
        "by_class": [sum(record.prediction == number for record in shown) for number in range(len(names))],
        "confidence_charts": [confidence_over_time(newest, threshold, names, width) for width in (WIDTH, NARROW)]
        if decisions
        else [],
        "histogram": histogram(decisions, threshold, names) if decisions else "",
        "charted": len(newest),
        "is_monitored": bool(stack and stack.monitor),
    }


def days(now: datetime) -> list[tuple[str, str]]:
    """Return the filters of today and of yesterday, which people ask for most: a name and a part of an address."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday = midnight - timedelta(days=1)
    return [
        ("today", f"from={midnight:%Y-%m-%dT%H:%M}"),
        ("yesterday", f"from={yesterday:%Y-%m-%dT%H:%M}&to={midnight:%Y-%m-%dT%H:%M}"),
    ]
