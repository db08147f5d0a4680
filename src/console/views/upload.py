"""The page that takes a picture."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from console.aws.workflow import workflow
from console.site import Site


async def load(site: Site, _: web.Request) -> dict[str, Any]:
    return {"workflow": await workflow(site.aws)}
