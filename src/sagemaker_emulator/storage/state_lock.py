"""The lock that keeps a second emulator out of a state directory."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from sagemaker_emulator.storage.set_aside import SetAside

POLL_S = 0.02


class StateInUse(Exception):
    """Another emulator uses the state directory."""


@contextmanager
def state_lock(directory: Path, wait_s: float = 3.0) -> Iterator[None]:
    """Hold the lock, or raise StateInUse after `wait_s`.

    A child of a killed emulator holds that emulator's lock between fork and exec. So whoever gets the lock can be sure
    that all of the predecessor's children have the environment variables by which leftover processes are recognized.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = directory / "lock"
    if lock.is_dir():
        SetAside(directory).move(lock, "the lock should be a file")
    with lock.open("a+") as file:
        _take(file, directory, time.monotonic() + wait_s)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _take(file: TextIO, directory: Path, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                file.seek(0)
                raise StateInUse(
                    f"{directory} is in use by the emulator with process id {file.read() or 'unknown'}; stop that one, "
                    "or set SAGEMAKER_EMULATOR_STATE_DIR to another directory"
                ) from None
            time.sleep(POLL_S)
