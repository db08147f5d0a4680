"""Logs: the groups, the end of a stream, and lines that contain a text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from console.aws import logs
from console.errors import BadRequest
from console.site import Site
from console.views.log_lines import lines_of

HOURS = ("1", "6", "24", "168")
FOUND_MAX = 500


async def load(site: Site, request: web.Request) -> dict[str, Any]:
    query = request.query
    group, stream, prefix, text = (query.get(key, "") for key in ("group", "stream", "prefix", "text"))
    hours = query.get("hours", "24")
    if hours not in HOURS:
        raise BadRequest(f"hours is {hours!r}: it must be one of {', '.join(HOURS)}")
    shown: dict[str, Any] = {"group": group, "stream": stream, "prefix": prefix, "text": text, "hours": hours}
    shown |= {"all_hours": HOURS, "groups": [], "streams": [], "lines": "", "count": 0, "is_cut": False}
    if not group:
        return shown | {"groups": await logs.groups(site.aws)}
    if not text and not stream and not prefix:
        return shown | {"streams": await logs.streams(site.aws, group)}
    if text:
        since = datetime.now(UTC) - timedelta(hours=int(hours))
        lines = await logs.search(site.aws, group, text, since, stream or prefix, FOUND_MAX)
    else:
        lines = await site.tails.last_lines(site.aws, group, stream or prefix)
    return shown | {"lines": lines_of(lines, text), "count": len(lines), "is_cut": len(lines) >= FOUND_MAX}
