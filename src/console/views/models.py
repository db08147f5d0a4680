"""The model registry: groups, versions, and the lineage of one."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from console.aws import gate, models
from console.aws.models import Group
from console.aws.training.image_classification import CHOOSES
from console.site import Site
from console.views.parameters import version_number


async def load_groups(site: Site, request: web.Request) -> dict[str, Any]:
    after = request.query.get("after", "")
    groups, following = await models.groups(site.aws, after=after)
    rows = await asyncio.gather(*(_group_row(site, group) for group in groups))
    return {"rows": rows, "following": following, "after": after}


async def _group_row(site: Site, group: Group) -> dict[str, Any]:
    versions, _ = await models.versions(site.aws, group.name)
    approved = next((each for each in versions if each.approval == "Approved"), None)
    return {"group": group, "newest": versions[0] if versions else None, "approved": approved}


async def load_group(site: Site, request: web.Request) -> dict[str, Any]:
    name, after = request.match_info["group"], request.query.get("after", "")
    versions, following = await models.versions(site.aws, name, after)
    return {
        "group": name,
        "versions": versions,
        "packages": await models.packages(site.aws, versions),
        "following": following,
        "after": after,
    }


async def load_version(site: Site, request: web.Request) -> dict[str, Any]:
    number = version_number(request.match_info["number"])
    package = await models.package(site.aws, request.match_info["group"], number)
    return {
        "package": package,
        "version": package.version,
        "lineage": await models.lineage(site.aws, package),
        "chosen_by": CHOOSES,
        "gate": await gate.with_names(site.aws, await gate.of_report(site.aws, package.report)),
    }
