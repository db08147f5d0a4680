"""Output for the user: live progress on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from safety.plain_text import plain

PLAIN_INTERVAL_S = 5.0


class Meter(Protocol):
    """A display of one task's progress."""

    def update(
        self, text: str | None = None, *, completed: float | None = None, total: float | None = None
    ) -> None: ...


class LiveMeter:
    """A progress bar on a terminal."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def update(self, text: str | None = None, *, completed: float | None = None, total: float | None = None) -> None:
        if text is not None:
            self._progress.update(self._task, text=text)
        self._progress.update(self._task, completed=completed, total=total)


class PlainMeter:
    """A meter that prints a line when the text has changed, at most once every PLAIN_INTERVAL_S."""

    def __init__(self, console: "Console", title: str, total: float | None) -> None:
        self._console, self._title, self._total = console, title, total
        self._text, self._completed = "", 0.0
        self._printed_at, self._last = time.monotonic(), ""

    def update(self, text: str | None = None, *, completed: float | None = None, total: float | None = None) -> None:
        self._text = self._text if text is None else text
        self._completed = self._completed if completed is None else completed
        self._total = self._total if total is None else total
        line = self._line()
        if line != self._last and time.monotonic() - self._printed_at >= PLAIN_INTERVAL_S:
            self._console.say(line)
            self._printed_at, self._last = time.monotonic(), line

    def _line(self) -> str:
        share = f" {self._completed / self._total:.0%}" if self._total else ""
        return f"{self._title}{share} {self._text}".rstrip()


class Console:
    """The output of one command."""

    def __init__(self, rich: RichConsole | None = None) -> None:
        self._rich = rich or RichConsole(highlight=False)

    def step(self, title: str) -> None:
        self._rich.print(f"\n── {title}", style="bold cyan", markup=False, soft_wrap=True)

    def say(self, text: str) -> None:
        self._rich.print(f"   {plain(text)}", markup=False, soft_wrap=True)

    def done(self, text: str) -> None:
        self._rich.print(f" ✓ {plain(text)}", style="green", markup=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        self._rich.print(f" ! {plain(text)}", style="bold yellow", markup=False, soft_wrap=True)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        lines = [tuple(headings), *map(tuple, rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            self.say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

    @contextmanager
    def meter(self, title: str, total: float | None = None) -> Iterator[Meter]:
        if not self._rich.is_terminal:
            yield PlainMeter(self, title, total)
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[text]}", markup=False),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._rich, transient=True) as progress:
            yield LiveMeter(progress, progress.add_task(title, total=total, text=""))


@contextmanager
def keeps_running(what: str) -> Iterator[None]:
    """Add a note to Ctrl-C and to AWS's errors that names what continues to run in the cloud."""
    try:
        yield
    except (KeyboardInterrupt, ClientError, BotoCoreError) as error:
        error.add_note(what)
        raise
