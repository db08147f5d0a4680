"""Output for the user: live progress on a terminal, plain lines elsewhere.

All commands look the same: a line for each step, indented lines for what happens, a check mark for what is done, and at
the end what to open and to do next. On a terminal no line of the progress is wider than the terminal.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console as RichConsole
from rich.console import RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.text import Text

from display import figures
from safety.plain_text import plain

PLAIN_INTERVAL_S = 5.0
INDENT = 3
PURPOSE_WIDTH = 16
TITLE_WIDTH, BAR_WIDTH, WIDE = 28, 24, 88
"""Widths in characters: of a title, of the bar, and of a terminal that has room for the whole bar."""


class Meter(Protocol):
    """A display of one task's progress."""

    def update(
        self, text: str | None = None, *, completed: float | None = None, total: float | None = None
    ) -> None: ...


class LiveMeter:
    """The progress of one task on a terminal."""

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
        self._began = time.monotonic()
        self._printed_at, self._last = self._began, ""

    def update(self, text: str | None = None, *, completed: float | None = None, total: float | None = None) -> None:
        self._text = self._text if text is None else text
        self._completed = self._completed if completed is None else completed
        self._total = self._total if total is None else total
        line, now = self._line(), time.monotonic()
        if line != self._last and now - self._printed_at >= PLAIN_INTERVAL_S:
            left = time_left(now - self._began, self._completed, self._total)
            self._console.say(f"{line}, {left}" if left else line)
            self._printed_at, self._last = now, line

    def _line(self) -> str:
        share = f" {self._completed / self._total:.0%}" if self._total else ""
        return f"{self._title}{share} {self._text}".rstrip()


class TaskDisplay(Progress):
    """The progress on a terminal: a line of stable width, and below it what happens at the moment."""

    def get_renderables(self) -> Iterable[RenderableType]:
        for task in self.tasks:
            yield self.make_tasks_table([task])
            if task.fields["text"]:
                text = " " * INDENT + plain(str(task.fields["text"]))
                yield Text(text, style="dim", no_wrap=True, overflow="ellipsis")


class BarOfKnownTotal(BarColumn):
    """A bar for a task whose size is known."""

    def render(self, task: Task) -> RenderableType:  # type: ignore[override]
        return super().render(task) if task.total else Text("")


class Times(ProgressColumn):
    """The time so far, and about how much is left if that is known."""

    def render(self, task: Task) -> Text:
        elapsed = task.elapsed or 0.0
        left = time_left(elapsed, task.completed, task.total)
        return Text(f"{figures.duration(int(elapsed)) if elapsed >= 1 else '0 s'}{f', {left}' if left else ''}")


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
        """Print a table. On a terminal that is too narrow the lines end with an ellipsis."""
        lines = [tuple(headings), *map(tuple, rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            self.say(
                self._fitted("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
            )

    def next(self, advice: Iterable[tuple[str, str]]) -> None:
        """Print what to open and to do next: pairs of a purpose and a command or a file."""
        self._rich.print()
        for purpose, command in advice:
            self.say(f"{purpose:<{PURPOSE_WIDTH}}{command}")

    @contextmanager
    def meter(self, title: str, total: float | None = None) -> Iterator[Meter]:
        if not self._rich.is_terminal:
            yield PlainMeter(self, title, total)
            return
        is_wide = self._rich.width >= WIDE
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarOfKnownTotal(bar_width=BAR_WIDTH if is_wide else BAR_WIDTH // 2),
            Times(),
        )
        with TaskDisplay(*columns, console=self._rich, transient=True) as progress:
            shown = title if len(title) <= TITLE_WIDTH else f"{title[: TITLE_WIDTH - 1]}…"
            yield LiveMeter(progress, progress.add_task(shown, total=total, text=""))

    def _fitted(self, line: str) -> str:
        width = self._rich.width - INDENT
        return line if not self._rich.is_terminal or len(line) <= width else f"{line[: width - 1]}…"


def time_left(elapsed_s: float, completed: float, total: float | None) -> str:
    """Return `about 20 s left`, if the rest goes on at the same pace; an empty text if nothing is done yet."""
    if not total or not 0 < completed < total or elapsed_s < 1:
        return ""
    return f"about {figures.duration(max(1, round(elapsed_s * (total - completed) / completed)))} left"


@contextmanager
def keeps_running(what: str) -> Iterator[None]:
    """Add a note to Ctrl-C and to AWS's errors that names what continues to run in the cloud."""
    try:
        yield
    except (KeyboardInterrupt, ClientError, BotoCoreError) as error:
        error.add_note(what)
        raise
