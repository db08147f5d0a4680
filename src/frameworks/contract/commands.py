"""Run a user's command: show its output as it comes, pass SIGTERM on, and keep its error for FailureReason."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from frameworks.contract.error_lines import ErrorLines
from frameworks.contract.failure import CommandFailed

PIECE_BYTES = 1 << 16
POLL_S = 0.2
NOT_FOUND = 127


@dataclass(frozen=True)
class Command:
    """A command as AWS's toolkit would run it. `kind` names its error, which shows the command as `text` if it is set.

    `through_shell`: a shell splits the words once more, unquoted. In AWS's images for deep learning the toolkit does
    that, so a hyperparameter with a blank becomes two words (sagemaker-training-toolkit, issue 128).
    `signals_all`: SIGTERM goes to all processes that it started, because a shell would not pass it on.
    """

    kind: str
    words: Sequence[str]
    text: str = ""
    through_shell: bool = False
    signals_all: bool = False

    def __str__(self) -> str:
        return self.text or " ".join(self.words)

    @property
    def program(self) -> list[str]:
        return ["/bin/sh", "-c", "exec " + " ".join(self.words)] if self.through_shell else list(self.words)

    @property
    def is_split_by_the_shell(self) -> bool:
        """Whether the shell would split or expand the words."""
        return self.through_shell and any(shlex.quote(word) != word for word in self.words)


def run(command: Command, folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command in a folder until it ends. Raises CommandFailed if its exit code is not 0."""
    lines = ErrorLines()
    try:
        process = subprocess.Popen(
            command.program,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # SIGTERM comes once, from here, even if the platform signals a whole group
        )
    except OSError as error:
        raise CommandFailed(command.kind, str(command), NOT_FOUND, str(error)) from error
    with process, _sigterm_passed_on(process, command.signals_all):
        for piece in _output(process):
            lines.feed(piece)
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        code = process.wait()
    if code:
        raise CommandFailed(command.kind, str(command), 128 - code if code < 0 else code, lines.message())


def _output(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Yield the output until it is closed, or is silent and only processes that outlive the command have it open."""
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    while True:
        ended = process.poll() is not None
        if select.select([descriptor], [], [], POLL_S)[0]:
            if not (piece := os.read(descriptor, PIECE_BYTES)):
                return
            yield piece
        elif ended:
            return


@contextmanager
def _sigterm_passed_on(process: subprocess.Popen[bytes], to_all: bool) -> Iterator[None]:
    def pass_on(number: int, _: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            if to_all:
                os.killpg(process.pid, number)
            elif process.poll() is None:
                process.send_signal(number)

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
