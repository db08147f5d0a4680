"""The lock of the cache: only one process at a time creates something there."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scones_unlimited.errors import InstallationError
from scones_unlimited.progress import say

POLL_S = 0.2


@contextmanager
def locked(cache: Path, timeout_s: float = 3600.0) -> Iterator[None]:
    """Hold the lock. If the process dies, the kernel releases it.

    Raises InstallationError if the folder cannot be written, or after `timeout_s`.
    """
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (cache / "lock").open("a+")
    except OSError as error:
        raise InstallationError(
            f"the cache {cache} cannot be written ({error.strerror}). Set XDG_CACHE_HOME to a folder that you own"
        ) from error
    with file:
        _acquire(file.fileno(), cache / "lock", timeout_s)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _acquire(descriptor: int, path: Path, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    was_told = False
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = path.read_text() or "unknown"
        if time.monotonic() > deadline:
            raise InstallationError(
                f"another scones (pid {holder}) has been creating environments for more than {timeout_s:.0f} s. "
                f"End it: kill {holder}"
            )
        if not was_told:
            say(f"another scones (pid {holder}) is creating the environments: waiting for it")
            was_told = True
        time.sleep(POLL_S)
