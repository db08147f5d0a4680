"""`python -m sagemaker_emulator.engine.sweep`: wait for SIGTERM, then remove the emulator's containers.

Compose starts it beside the emulator. An emulator that gets SIGTERM cannot know whether it will be restarted, so that
its jobs should continue, or whether everything is taken down. This program gets SIGTERM only in the second case.
"""

from __future__ import annotations

import logging
import signal
import sys

from sagemaker_emulator.settings import Settings

log = logging.getLogger(__name__)


def main() -> int:
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    settings = Settings.from_environment()
    signal.sigwait(signals)
    from sagemaker_emulator.engine import docker  # imported late, to save its memory until then

    engine = docker.connect(docker.emulator_id(settings.state_dir), settings.built_in_image)
    log.info("%d containers of the emulator removed", engine.end_orphans())
    engine.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
