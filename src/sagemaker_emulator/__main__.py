"""`python -m sagemaker_emulator`: serve until SIGTERM or Ctrl-C."""

from __future__ import annotations

import logging
import sys

from aiohttp import web

from sagemaker_emulator.engine.process import ProcessEngine, instance_of
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.server import Server
from sagemaker_emulator.settings import Settings, SettingsError


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        print(f"sagemaker_emulator: {error}", file=sys.stderr)  # noqa: T201 - a command's own error
        return 2
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    sagemaker = SageMaker(settings, ProcessEngine(instance_of(settings.state_dir)))
    application = Server(sagemaker).application()
    web.run_app(application, host=settings.host, port=settings.port, access_log=None, print=None, handle_signals=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
