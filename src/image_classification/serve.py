"""The `serve` command: the model of `/opt/ml/model` on port 8080, until SIGTERM."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from aiohttp import web

from image_classification.artefacts import UnusableModelError
from image_classification.log import container_log
from image_classification.paths import ContainerPaths
from image_classification.predictor import Predictor, load_predictor
from image_classification.server import Server

GRACE_S = 20  # SageMaker kills a container 30 s after SIGTERM


class SettingError(Exception):
    """An environment variable has a value that cannot be used."""


@dataclass(frozen=True)
class ServeSettings:
    host: str
    port: int
    max_payload_mb: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "ServeSettings":
        return cls(
            host=environment.get("SAGEMAKER_BIND_TO_HOST") or "0.0.0.0",  # noqa: S104 the container contract
            port=integer(environment, "SAGEMAKER_BIND_TO_PORT", 8080, 65535),
            max_payload_mb=integer(environment, "SAGEMAKER_MAX_PAYLOAD_IN_MB", 6, 100),
        )


def integer(environment: Mapping[str, str], name: str, default: int, limit: int) -> int:
    text = environment.get(name) or str(default)
    if not (text.isdecimal() and 1 <= int(text) <= limit):
        raise SettingError(f"{name} is {text!r}; it must be a whole number from 1 to {limit}")
    return int(text)


def main() -> int:
    try:
        settings = ServeSettings.from_environment(os.environ)
        predictor = load_predictor(ContainerPaths.from_environment().model)
        asyncio.run(serve(predictor, settings))
    except (SettingError, UnusableModelError, OSError) as error:
        print(f"The model cannot be served: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    return 0


async def serve(predictor: Predictor, settings: ServeSettings) -> None:
    """Returns when SIGTERM or SIGINT has come and the requests in progress are answered."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as threads:
        server = Server(predictor, threads, workers, settings.max_payload_mb)
        runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=GRACE_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
            container_log().info("Serving on %s:%d with %d threads", settings.host, settings.port, workers)
            await stop.wait()
        finally:
            await runner.cleanup()
