"""The lines that the first use prints on standard error, since it takes a minute or more."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(line: str) -> None:
    sys.stderr.write(f"scones: {line}\n")
    sys.stderr.flush()


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print what is being done, and afterwards how long it took."""
    say(f"{what} …")
    started = time.monotonic()
    yield
    say(f"{what}: done in {time.monotonic() - started:.0f} s")
