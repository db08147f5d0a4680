"""One worker of the `serve` command: answers the connections that it is handed, until there will be no more.

Its standard input is the socket over which they come.
"""

import asyncio
import logging
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import uvloop
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from image_classification.model_artifacts import UnusableModelError
from image_classification.paths import ContainerPaths
from image_classification.serving.http_application import Server
from image_classification.serving.predictor import Predictor, load_predictor
from image_classification.serving.settings import ServeSettings

GRACE_S = 20  # less than `serve` gives
SETTLE_S = 0.1  # what was sent before the end has arrived by then


def is_of_ours(record: logging.LogRecord) -> bool:
    """Clients that send what is no HTTP are told so, and some go away: no traceback for what is not the server's."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | ConnectionResetError)


def main() -> int:
    logging.getLogger("aiohttp.server").addFilter(is_of_ours)
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as channel:
        channel.setblocking(False)
        try:
            predictor = load_predictor(ContainerPaths.from_environment().model)
        except UnusableModelError as error:
            tell(channel, str(error))
            return 1
        uvloop.run(work(channel, predictor, ServeSettings.from_environment(os.environ)))
    return 0


def tell(channel: socket.socket, message: str) -> None:
    with suppress(BrokenPipeError):  # `serve` has ended meanwhile
        channel.send(message.encode())


async def work(channel: socket.socket, predictor: Predictor, settings: ServeSettings) -> None:
    with ThreadPoolExecutor(settings.threads) as threads:
        server = Server(predictor, threads, settings.workers * settings.threads, settings.max_payload_mb)
        runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=1, auto_decompress=False)
        await runner.setup()
        assert runner.server is not None
        connections = Connections(channel, runner.server)
        tell(channel, "ready")
        await connections.all_taken()
        await asyncio.sleep(SETTLE_S)
        await server.all_answered(GRACE_S)
        await runner.cleanup()


@dataclass(frozen=True)
class Connections:
    """Those that come over the channel."""

    channel: socket.socket
    server: web.Server

    async def all_taken(self) -> None:
        """Until the other end of the channel is closed."""
        loop = asyncio.get_running_loop()
        while connection := await self.next():
            await loop.connect_accepted_socket(self.server, connection)

    async def next(self) -> socket.socket | None:
        while True:
            try:
                sent, descriptors, _, _ = socket.recv_fds(self.channel, 1, 1)
            except BlockingIOError:
                await self.readable()
                continue
            if descriptors:
                return socket.socket(fileno=descriptors[0])
            if not sent:
                return None

    async def readable(self) -> None:
        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self.channel.fileno(), ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self.channel.fileno())


if __name__ == "__main__":
    sys.exit(main())
