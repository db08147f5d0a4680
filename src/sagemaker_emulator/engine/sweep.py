"""`python -m sagemaker_emulator.engine.sweep`: waits for SIGTERM, then removes the emulator's containers.

Compose starts it beside the emulator. An emulator that gets a SIGTERM cannot know whether it is restarted, and its jobs
are to go on, or taken down. This one is only ever taken down.
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
    from sagemaker_emulator.engine import docker  # until now there was no need of it, nor of its memory

    engine = docker.connect(docker.instance_of(settings.state_dir), settings.built_in_image)
    log.info("%d containers of the emulator removed", engine.end_leftovers())
    engine.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
