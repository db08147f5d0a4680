"""Keep the SDK's serving container in a process of its own: `python -m scones.local_mode.compose_process COMPOSE_FILE`.

The SDK's own holder is a child of whoever called it, so that the endpoint dies with that process, or keeps it from
ending. This one goes into the background, ends with its container, and takes away what compose and the SDK leave.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

COMPOSE = ("docker", "compose", "-f")
STOP_S = "5"


def hold(compose_file: Path) -> int:
    ours = subprocess.Popen([*COMPOSE, str(compose_file), "up", "--abort-on-container-exit"])

    def stop(signum: int, frame: FrameType | None) -> None:
        ours.terminate()

    for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(each, stop)
    code = ours.wait()
    for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    down(compose_file)
    shutil.rmtree(compose_file.parents[1], ignore_errors=True)
    return code


def down(compose_file: Path) -> None:
    """Remove the containers, which the SDK leaves stopped, and their network."""
    subprocess.run(
        [*COMPOSE, str(compose_file), "down", "--timeout", STOP_S],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _leave_caller() -> None:
    """A terminal's Ctrl-C is for the step in the foreground, and so are its pipes."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


if __name__ == "__main__":
    if os.fork():
        sys.exit(0)
    _leave_caller()
    sys.exit(hold(Path(sys.argv[1])))
