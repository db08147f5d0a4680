"""`python -m sagemaker_emulator`: serve until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sqlite3
import sys

import uvloop
from aiohttp import web

from safety import open_files
from safety.private_files import PRIVATE, make_private
from safety.sandbox import Sandbox
from sagemaker_emulator.accounts import Accounts
from sagemaker_emulator.engine import Engine, EngineError
from sagemaker_emulator.engine.process import ProcessEngine, emulator_id
from sagemaker_emulator.frameworks.environments import Environments
from sagemaker_emulator.server import Server
from sagemaker_emulator.settings import NEAREST, Settings, SettingsError
from sagemaker_emulator.storage.state_lock import StateInUse, state_lock

BACKLOG = 512
# During a flood of log lines, threads compute all the time. With Python's 5 ms, each turn of the event loop can wait
# that long for the interpreter lock, so that an answer, which takes several turns, takes up to 84 ms.
SWITCH_INTERVAL_S = 0.001

log = logging.getLogger(__name__)


class StartError(Exception):
    """The emulator cannot start; the text says what to do."""


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    open_files.raise_limit()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    os.umask(PRIVATE)
    try:
        settings = Settings.from_environment()
        make_private(settings.state_dir)
        with listening_socket(settings.host, settings.port) as sock, state_lock(settings.state_dir):
            run(settings, sock)
    except (SettingsError, StateInUse, StartError) as error:
        print(f"sagemaker_emulator: {error}", file=sys.stderr)  # noqa: T201 - a command's own error
        return 2
    return 0


def run(settings: Settings, sock: socket.socket) -> None:
    """Serve until a signal. StartError if the store cannot be read, or written to."""
    engine = new_engine(settings)
    gc.freeze()  # the modules stay: a collection that examines them stops all threads for 50 ms
    try:
        uvloop.run(serve(Accounts(settings, engine), sock))
    except sqlite3.DatabaseError as error:
        raise StartError(
            f"the state in {settings.state_dir} cannot be read ({error}); make room if the disk is full, or move that "
            "directory away to start with an empty one"
        ) from error


def new_engine(settings: Settings) -> Engine:
    if settings.engine == "process":
        return _process_engine(settings)
    from sagemaker_emulator.engine import docker  # imported here: it adds half as much memory again

    types = {name: docker.InstanceType.from_settings(numbers) for name, numbers in settings.instance_types.items()}
    try:
        return docker.connect(
            docker.emulator_id(settings.state_dir),
            settings.built_in_image,
            settings.docker_network,
            types,
            settings.docker_logins,
        )
    except EngineError as error:
        raise StartError(
            f"no Docker engine can be used ({error}); start one, set DOCKER_HOST to its address, or use no Docker: "
            "SAGEMAKER_EMULATOR_ENGINE=process"
        ) from error


def _process_engine(settings: Settings) -> ProcessEngine:
    sandbox = Sandbox.open() if settings.sandbox else Sandbox.unavailable("SAGEMAKER_EMULATOR_SANDBOX is off")
    log.info("sandbox of the process engine: %s", sandbox.availability)
    return ProcessEngine(
        emulator_id(settings.state_dir),
        own_images=settings.own_images,
        environments=Environments(may_be_nearest=settings.framework_versions == NEAREST),
        hidden=(settings.state_dir,),
        sandbox=sandbox,
    )


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a bound socket, which listens only when everything is ready.

    It is bound first, so that a port that is in use is reported before anything starts.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except (OSError, OverflowError) as error:
        sock.close()
        raise StartError(
            f"cannot listen on {host}:{port}: {error}; free it, or set SAGEMAKER_EMULATOR_PORT to another port"
        ) from error
    return sock


async def serve(accounts: Accounts, sock: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT. A signal during the start takes effect at the end of the start."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    runner = Server(accounts).runner()
    try:
        await runner.setup()
        if not stopped.is_set():
            await web.SockSite(runner, sock, backlog=BACKLOG).start()
            await stopped.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    raise SystemExit(main())
