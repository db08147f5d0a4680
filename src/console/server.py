"""The web server of the console: one aiohttp application on loopback."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from console import access, pages, routes
from console.assets import Assets
from console.aws.client import Aws
from console.errors import ConsoleError, NotThere
from console.site import PAGE_READS_S, Site
from console.templates import environment
from safety.guard_settings import GuardSettings

HOST = "127.0.0.1"
SHUTDOWN_S = 0.2  # streams of open pages never end by themselves
BODY_BYTES = 8 << 20
SITE = web.AppKey("site", Site)


def application(aws: Aws, guard: GuardSettings, page_reads_s: float = PAGE_READS_S) -> web.Application:
    """Return the application that shows an AWS. A page waits `page_reads_s` for what its stream can go on reading."""
    assets = Assets()
    site = Site(aws, environment(assets.address), page_reads_s=page_reads_s)
    application = web.Application(
        client_max_size=BODY_BYTES, middlewares=[access.Access(guard).middleware, _problems(site)]
    )
    application.on_response_prepare.append(access.send_headers)
    application.router.add_get("/static/{version}/{name}", assets.serve)
    application.router.add_get("/favicon.ico", assets.icon)
    application.router.add_get("/health", _health)
    routes.add(application.router, site)
    application[SITE] = site
    return application


async def serve(aws: Aws, guard: GuardSettings, port: int, when_ready: Callable[[int], None]) -> None:
    """Serve until a signal ends it. Port 0 is any free one; `when_ready` gets the port."""
    served = application(aws, guard)
    runner = web.AppRunner(served, access_log=None, shutdown_timeout=SHUTDOWN_S, handler_cancellation=True)
    await runner.setup()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(each, stop.set)
    try:
        await web.TCPSite(runner, HOST, port).start()
        when_ready(runner.addresses[0][1])
        served[SITE].prepare()
        await stop.wait()
    finally:
        await runner.cleanup()
        aws.close()


def _problems(site: Site) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Explain an address that leads nowhere, and errors that no view has explained."""
        try:
            return await handler(request)
        except web.HTTPNotFound:
            error: ConsoleError = NotThere(f"the console has no page {request.path}")
        except ConsoleError as raised:
            error = raised
        return pages.problem(site, await site.frame(request, ""), error)

    return middleware


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "running", "service": "console"})
