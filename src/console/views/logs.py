"""Logs: the groups, the end of a stream, and lines that contain a text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from console.aws import log_search, logs, state_machines
from console.aws.decisions.failures import last_hour
from console.errors import ConsoleError
from console.site import Site
from console.views.log_lines import failure_in, lines_of, marked
from console.views.parameters import choice

HOURS = ("1", "6", "24", "168")
HOUR, DAY = "1", "24"
START, ERROR = "start", "error"
"""Where the log of a stream opens; else at its end."""
FOUND_MAX = 500


async def load(site: Site, request: web.Request) -> dict[str, Any]:
    query = request.query
    group, stream, prefix, text, invocation, at = (
        query.get(key, "") for key in ("group", "stream", "prefix", "text", "request", "at")
    )
    errors_only = "errors" in query
    hours = choice(query, "hours", HOURS, DAY if group else HOUR)
    since = datetime.now(UTC) - timedelta(hours=int(hours))
    shown: dict[str, Any] = {"group": group, "stream": stream, "prefix": prefix, "text": text, "hours": hours}
    opens = START if invocation or text or errors_only or at == START else "end"
    shown |= {"at": at, "opens": opens, "kept_lines": logs.KEPT_LINES}
    shown |= {"all_hours": HOURS, "groups": [], "streams": [], "lines": "", "count": 0, "is_cut": False}
    shown |= {"errors_only": errors_only, "request": invocation, "hits": None, "executions": {}, "has_more": False}
    if not group and (text or errors_only):
        return shown | await _of_functions(site, text, since, errors_only)
    if not group:
        return shown | {"groups": await logs.groups(site.aws)}
    if invocation:
        week = datetime.now(UTC) - timedelta(hours=int(HOURS[-1]))
        lines = await log_search.request_lines(site.aws, group, invocation, week, FOUND_MAX)
    elif text or errors_only:
        hits = await log_search.search(site.aws, group, text, since, stream or prefix, FOUND_MAX, errors_only)
        lines = [hit.line for hit in hits]
    elif (stream or prefix) and at == START:
        lines = await logs.start_of(site.aws, group, stream or prefix)
    elif stream or prefix:
        lines = await site.tails.last_lines(site.aws, group, stream or prefix)
    else:
        return shown | {"streams": await logs.streams(site.aws, group)}
    anchors = failure_in(lines) if at == ERROR else {}
    return shown | {"lines": lines_of(lines, text, anchors), "count": len(lines), "is_cut": len(lines) >= FOUND_MAX}


async def _of_functions(site: Site, text: str, since: datetime, errors_only: bool) -> dict[str, Any]:
    hits, has_more = await log_search.search_functions(site.aws, text, since, FOUND_MAX, errors_only)
    return {
        "hits": [(hit, marked(hit.line.text, text)) for hit in hits],
        "has_more": has_more,
        "count": len(hits),
        "is_cut": len(hits) >= FOUND_MAX,
        "executions": await _executions(site) if any(hit.request for hit in hits) else {},
    }


async def _executions(site: Site) -> dict[str, tuple[str, str]]:
    """Return name and path of the executions that failed in the last hour, by the request whose function failed."""
    try:
        machines = await state_machines.machines(site.aws)
        failed = await last_hour(site.aws, machines, site.reasons)
    except ConsoleError:
        return {}
    return {reason.request: (each.name, each.path) for each, reason in failed.failures if reason.request}
