"""Access control of the emulator's server: which of its own addresses it answers at."""

from __future__ import annotations

import asyncio

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from safety.guard_settings import GuardSettings
from sagemaker_emulator.access import Access


async def status(own_address: str, isolated: str) -> int:
    """Return the status of a request to a server, one of whose addresses is in an isolated network."""
    access = Access(GuardSettings(), is_isolated=lambda address: address == isolated)
    application = web.Application(middlewares=[access.middleware])
    application.router.add_get("/", _answer)
    async with (
        TestServer(application, host=own_address) as server,
        ClientSession() as client,
        client.get(server.make_url("/")) as response,
    ):
        return response.status


async def _answer(_: web.Request) -> web.Response:
    return web.Response()


def test_a_request_from_an_isolated_network_is_refused() -> None:
    assert asyncio.run(status("127.0.0.1", isolated="172.19.0.3")) == 200
    assert asyncio.run(status("127.0.0.1", isolated="127.0.0.1")) == 403
