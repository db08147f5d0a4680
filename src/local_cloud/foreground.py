"""Runs a command in the foreground, and ends it whole when we are told to stop."""

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
    """We were told to stop. Not an Exception, so that only clean-up takes note of it on its way out."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


@contextmanager
def interruptible() -> Iterator[None]:
    """Turns the signals that mean "stop" into one Interrupted; those that follow do not disturb the clean-up."""

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
def uninterrupted() -> Iterator[None]:
    """For the clean-up after a command that ended by itself: it has deadlines, and half of it would leave processes."""
    before = {each: signal.signal(each, signal.SIG_IGN) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs it to its end and returns its exit code as a shell would give it."""
    child: subprocess.Popen[bytes] | None = None
    try:
        with _deferred():
            child = subprocess.Popen(command, env=environment)
        code = child.wait()
    except OSError as error:
        raise LocalCloudError(f"{command[0]!r} cannot be run: {error.strerror}") from error
    except Interrupted as interruption:
        if child:
            _stop(child, interruption.signum)
        raise
    return code if code >= 0 else 128 - code


@contextmanager
def _deferred() -> Iterator[None]:
    """A signal that comes while a process is made is delivered once we know which process that is."""
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
    """A terminal's Ctrl-C went to the command too; sent twice, it would break into the command's own clean-up."""
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
