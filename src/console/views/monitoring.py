"""Monitoring: schedules, their windows, and what differs from the baseline."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from aiohttp import web

from console.aws import monitoring
from console.site import Site

STRIP = 24
LOOKED_AT = 12
"""The number of executions whose violations are read."""


async def load_list(site: Site, _: web.Request) -> dict[str, Any]:
    schedules = await monitoring.schedules(site.aws)
    executions = await asyncio.gather(*(monitoring.executions(site.aws, each.name) for each in schedules))
    return {"rows": [(schedule, last[:STRIP]) for schedule, last in zip(schedules, executions, strict=True)]}


async def load_schedule(site: Site, request: web.Request) -> dict[str, Any]:
    name = request.match_info["name"]
    details = await monitoring.described(site.aws, name)
    executions, alerts = await asyncio.gather(monitoring.executions(site.aws, name), monitoring.alerts(site.aws, name))
    violated = [each for each in executions if each.status == "CompletedWithViolations"][:LOOKED_AT]
    lists = await asyncio.gather(*(monitoring.violations(site.aws, each) for each in violated))
    by_job = {execution.job: listed for execution, listed in zip(violated, lists, strict=True)}
    newest = lists[0] if lists else []
    return {
        "details": details,
        "schedule": details.schedule,
        "executions": executions,
        "alerts": alerts,
        "by_job": by_job,
        "newest": newest,
        "newest_time": violated[0].scheduled if violated else None,
        "windows": Counter(feature for each in lists for feature in {violation.feature for violation in each}),
        "looked_at": len(violated),
    }
