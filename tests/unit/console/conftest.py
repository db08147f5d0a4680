"""A console over a double of AWS, on a port of its own, and a small browser for it."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from tests.unit.console.doubles import Answers, Session, nothing

from console.aws.client import Aws
from console.server import HOST, application
from safety.guard_settings import GuardSettings

TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Console:
    """A console that runs, and the AWS that it asks."""

    port: int
    session: Session

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, "", headers)

    def post(self, path: str, body: str = "", **headers: str) -> Answer:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send("POST", path, body, form | headers)

    def send(self, method: str, path: str, body: str, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=TIMEOUT_S)
        try:
            written = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body.encode("latin-1") or None, written)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    @contextmanager
    def stream(self, path: str) -> Iterator[Iterator[dict[str, str]]]:
        """Open the page's stream, and provide its events: the changed blocks by name."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=TIMEOUT_S)
        try:
            connection.request("GET", path, headers={"Accept": "text/event-stream"})
            response = connection.getresponse()
            assert response.status == 200
            yield (json.loads(line[6:]) for line in iter(response.readline, b"") if line.startswith(b"data: "))
        finally:
            connection.close()


Open = Callable[..., Console]


@pytest.fixture
def open_console() -> Iterator[Open]:
    """Return a function that opens a console over these answers, and those of an empty account."""
    with ExitStack() as stack:

        def open_one(answers: Answers | None = None, allow_changes: bool = False, **session: Any) -> Console:
            aws = Session(nothing() | (answers or {}), **session)
            return Console(stack.enter_context(_served(aws, allow_changes)), aws)

        yield open_one


@contextmanager
def _served(session: Session, allow_changes: bool) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    aws = Aws(session, allow_changes)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        runner = asyncio.run_coroutine_threadsafe(_start(aws), loop).result(TIMEOUT_S)
        yield runner.addresses[0][1]
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(TIMEOUT_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        aws.close()


async def _start(aws: Aws) -> web.AppRunner:
    runner = web.AppRunner(
        application(aws, GuardSettings(), page_reads_s=TIMEOUT_S), handler_cancellation=True, shutdown_timeout=0.1
    )
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    return runner
