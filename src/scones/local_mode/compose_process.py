"""Run the SDK's serving container in its own process: `python -m scones.local_mode.compose_process COMPOSE_FILE`.

The SDK runs `docker compose up` as a child of its caller, so the endpoint dies with the caller or keeps it from ending.
This process goes into the background instead. It ends with its container, and removes what compose and the SDK leave.
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
END_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def run(compose_file: Path) -> int:
    """Run the container until it ends or a signal arrives, then clean up. Return the exit code of compose."""
    compose = subprocess.Popen([*COMPOSE, str(compose_file), "up", "--abort-on-container-exit"])

    def stop(signum: int, frame: FrameType | None) -> None:
        compose.terminate()

    for number in END_SIGNALS:
        signal.signal(number, stop)
    code = compose.wait()
    for number in END_SIGNALS:  # a second signal must not interrupt the cleanup
        signal.signal(number, signal.SIG_IGN)
    down(compose_file)
    shutil.rmtree(compose_file.parents[1], ignore_errors=True)
    return code


def down(compose_file: Path) -> None:
    """Remove the containers, which the SDK leaves in place when they have stopped, and their network."""
    subprocess.run(
        [*COMPOSE, str(compose_file), "down", "--timeout", STOP_S],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _leave_caller() -> None:
    """Leave the terminal: its Ctrl-C and its pipes belong to the command in the foreground."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)


if __name__ == "__main__":
    if os.fork():
        sys.exit(0)
    _leave_caller()
    sys.exit(run(Path(sys.argv[1])))
