"""A command in the foreground, ended with all of its children when a signal tells us to stop."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from local_cloud.errors import LocalCloudError
from local_cloud.processes import descendants, end

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_S = 10.0


class Interrupted(BaseException):
    """A signal told us to stop. It is a BaseException, so that no handler for errors swallows it."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn the first signal that means "stop" into Interrupted, and ignore later ones, so that clean-up can finish."""

    def stop(signum: int, frame: FrameType | None) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(signum)

    before = {each: signal.signal(each, stop) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def noted(consequence: str) -> Iterator[None]:
    """Add a note to Interrupted that says what the interruption means for the user's work."""
    try:
        yield
    except Interrupted as interruption:
        interruption.add_note(consequence)
        raise


@contextmanager
def signals_ignored() -> Iterator[None]:
    """Ignore signals during a clean-up, which has deadlines of its own and would otherwise leave processes behind."""
    before = {each: signal.signal(each, signal.SIG_IGN) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command to its end, and return its exit code as a shell does: 128 + n for signal n.

    Raises LocalCloudError when the command cannot be run.
    """
    child: subprocess.Popen[bytes] | None = None
    try:
        with _signals_deferred():
            child = subprocess.Popen(command, env=environment)
        code = child.wait()
    except OSError as error:
        raise LocalCloudError(
            f"{command[0]!r} cannot be run: {error.strerror}. Is it installed, and on the PATH?"
        ) from error
    except Interrupted as interruption:
        if child:
            _stop(child, interruption.signum)
        raise
    return code if code >= 0 else 128 - code


@contextmanager
def _signals_deferred() -> Iterator[None]:
    """Hold signals back while a process is being started, and deliver them once we have its pid."""
    received: list[int] = []
    before = {each: signal.signal(each, lambda signum, frame: received.append(signum)) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    for signum in received:
        signal.raise_signal(signum)


def _stop(child: "subprocess.Popen[bytes]", signum: int) -> None:
    """Pass the signal on, wait, kill the command if it stays, and end what it had started."""
    below = descendants(child.pid)
    if not _sent_by_terminal(signum):
        child.send_signal(signum)
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    end(below, grace_s=1.0)


def _sent_by_terminal(signum: int) -> bool:
    """Return whether a terminal's Ctrl-C reached the command, too. A second one would interrupt its clean-up."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return signum == signal.SIGINT and os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
