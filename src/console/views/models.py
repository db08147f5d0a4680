"""The model registry: groups, versions, and the lineage of one."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from console.aws import gate, models
from console.aws.training.image_classification import CHOOSES
from console.errors import NotThere
from console.site import Site

DESCRIBED = 12
"""The number of versions whose accuracy is read: each takes a call."""


async def load_groups(site: Site, _: web.Request) -> dict[str, Any]:
    groups = await models.groups(site.aws)
    rows = []
    for group in groups:
        versions, _following = await models.versions(site.aws, group.name)
        approved = next((each for each in versions if each.approval == "Approved"), None)
        rows.append({"group": group, "newest": versions[0] if versions else None, "approved": approved})
    return {"rows": rows}


async def load_group(site: Site, request: web.Request) -> dict[str, Any]:
    name, after = request.match_info["group"], request.query.get("after", "")
    versions, following = await models.versions(site.aws, name, after)
    described = await asyncio.gather(*(models.package(site.aws, name, each.number) for each in versions[:DESCRIBED]))
    return {
        "group": name,
        "versions": versions,
        "accuracy": {package.version.number: package.metadata.get("accuracy", "") for package in described},
        "jobs": {package.version.number: package.job for package in described},
        "following": following,
        "after": after,
    }


async def load_version(site: Site, request: web.Request) -> dict[str, Any]:
    number = request.match_info["number"]
    if not number.isdecimal():
        raise NotThere(f"{number!r} is not the number of a version")
    package = await models.package(site.aws, request.match_info["group"], int(number))
    return {
        "package": package,
        "version": package.version,
        "lineage": await models.lineage(site.aws, package),
        "chosen_by": CHOOSES,
        "gate": await gate.with_names(site.aws, await gate.of_report(site.aws, package.report)),
    }
