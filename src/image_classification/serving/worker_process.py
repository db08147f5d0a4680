"""One worker of the `serve` command. It answers the connections that the dispatcher hands to it.

Its standard input is the channel, the Unix socket over which the connections arrive as descriptors. When the other end
of the channel is closed, the worker answers the requests that it has and ends.
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

from image_classification.log import container_log
from image_classification.model_artifacts import UnusableModelError
from image_classification.paths import ContainerPaths
from image_classification.serving.http_application import InferenceServer
from image_classification.serving.multi_model import MultiModelServer
from image_classification.serving.predictor import Predictor, load_predictor
from image_classification.serving.settings import ServeSettings

GRACE_S = 20  # less than the dispatcher waits for its workers
SETTLE_S = 0.1  # by then, requests that were sent before the end have arrived


def is_own_error(record: logging.LogRecord) -> bool:
    """Drop tracebacks for faults of clients: invalid HTTP, which is answered with 400, and broken connections."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | ConnectionResetError)


def main() -> int:
    logging.getLogger("aiohttp.server").addFilter(is_own_error)
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as channel:
        channel.setblocking(False)
        settings = ServeSettings.from_environment(os.environ)
        if settings.multi_model:
            container_log()  # models come and go
        try:
            predictor = None if settings.multi_model else load_predictor(ContainerPaths.from_environment().model)
        except UnusableModelError as error:
            report(channel, str(error))
            return 1
        uvloop.run(serve_connections(channel, predictor, settings))
    return 0


def report(channel: socket.socket, message: str) -> None:
    with suppress(BrokenPipeError):  # the dispatcher has ended meanwhile
        channel.send(message.encode())


async def serve_connections(channel: socket.socket, predictor: Predictor | None, settings: ServeSettings) -> None:
    kind = MultiModelServer if settings.multi_model else InferenceServer
    with ThreadPoolExecutor(settings.threads) as threads:
        server = kind(predictor, threads, settings.workers * settings.threads, settings.max_payload_mb)
        runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=1, auto_decompress=False)
        await runner.setup()
        assert runner.server is not None
        connections = Connections(channel, runner.server)
        report(channel, "ready")
        await connections.take_all()
        await asyncio.sleep(SETTLE_S)
        await server.drain(GRACE_S)
        await runner.cleanup()


@dataclass(frozen=True)
class Connections:
    """The connections that arrive over the channel."""

    channel: socket.socket
    server: web.Server

    async def take_all(self) -> None:
        """Serve every connection that arrives, until the other end of the channel is closed."""
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
