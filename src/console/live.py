"""Live pages: a stream of server-sent events with the blocks of a page that have changed."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from console.errors import ConsoleError

PREFIX = "live_"
EVENTS = "text/event-stream"
QUIET_FACTOR = 5
"""The pauses of a page that has not changed QUIET_AFTER times are this many times longer."""
QUIET_AFTER = 10
PULSE_S = 15.0
FAILED = "The console made an error, so this page is no longer current. The console's output says more."

log = logging.getLogger(__name__)

Blocks = Callable[[], Awaitable[dict[str, str]]]


def wants_stream(request: web.Request) -> bool:
    return EVENTS in request.headers.get("Accept", "")


async def stream(request: web.Request, blocks: Blocks, every_s: float) -> web.StreamResponse:
    """Send the blocks, and then those that change, until the page is left or the server ends."""
    response = web.StreamResponse(headers={"Content-Type": EVENTS, "Cache-Control": "no-store"})
    await response.prepare(request)
    sent: dict[str, str] = {}
    unchanged, silent_s = 0, 0.0
    while True:
        changed = await _changed(blocks, sent)
        if changed:
            sent |= changed
            await response.write(event("blocks", changed))
        unchanged = 0 if changed else unchanged + 1
        pause_s = every_s * (QUIET_FACTOR if unchanged > QUIET_AFTER else 1)
        silent_s = 0.0 if changed else silent_s + pause_s
        if silent_s >= PULSE_S:  # a write fails if the page has been left
            silent_s = 0.0
            await response.write(b": still here\n\n")
        await asyncio.sleep(pause_s)


def event(name: str, data: object) -> bytes:
    """Return one event. Its data is JSON on one line."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


async def _changed(blocks: Blocks, sent: dict[str, str]) -> dict[str, str]:
    try:
        current = await blocks()
    except ConsoleError as error:
        current = {"problem": str(error)}
    except Exception:  # whatever it is, the page must say that it is not current; the log has the traceback
        log.exception("a live page could not be made")
        current = {"problem": FAILED}
    else:
        current["problem"] = ""
    return {name: html for name, html in current.items() if sent.get(name) != html}
