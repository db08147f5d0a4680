"""The output of a command: progress that fits its terminal, the time that is left, and plain lines without one."""

from __future__ import annotations

import io

import pytest
from rich.console import Console as RichConsole
from tests.unit.scones.conftest import Screen

from scones.cli import cli
from scones.commands.next_steps import NEXT
from scones.console import PURPOSE_WIDTH, Console, time_left


def terminal(width: int) -> tuple[Console, io.StringIO]:
    """Return a console on a terminal of this width, and what is written on it."""
    text = io.StringIO()
    return Console(RichConsole(file=text, force_terminal=True, width=width, highlight=False, color_system=None)), text


@pytest.mark.parametrize(
    ("elapsed_s", "completed", "total", "told"),
    [
        (10, 5, 20, "about 30 s left"),
        (60, 1, 4, "about 3 min 00 s left"),
        (10, 0, 20, ""),
        (10, 20, 20, ""),
        (10, 5, None, ""),
        (0.5, 5, 20, ""),
    ],
)
def test_the_time_left_is_told_once_something_is_done(
    elapsed_s: float, completed: float, total: float | None, told: str
) -> None:
    assert time_left(elapsed_s, completed, total) == told


@pytest.mark.parametrize("width", [60, 100, 200])
def test_no_line_of_the_progress_is_wider_than_the_terminal(width: int) -> None:
    console, text = terminal(width)
    with console.meter("Stack with a rather long name of its own", total=40) as meter:
        meter.update("CREATE_IN_PROGRESS " + "AResourceWithALongName" * 12, completed=20)
    lines = text.getvalue().replace("\r", "\n").split("\n")
    assert max(len(line) for line in lines) <= width + len("\x1b[2K\x1b[?25l") * 2
    assert any("…" in line for line in lines)


@pytest.mark.parametrize("width", [60, 200])
def test_a_table_fits_the_terminal(width: int) -> None:
    console, text = terminal(width)
    console.table(("Started", "Result"), [("2026-01-31 09:30", "x" * 150)])
    assert max(map(len, text.getvalue().splitlines())) <= width


def test_a_table_without_a_terminal_is_never_cut(screen: Screen) -> None:
    screen.console.table(("Started", "Result"), [("2026-01-31 09:30", "x" * 300)])
    assert "x" * 300 in str(screen)


def test_advice_has_one_line_for_each_purpose(screen: Screen) -> None:
    screen.console.next([("in the browser", "scones console"), ("drift", "scones monitor")])
    assert str(screen) == "\n   in the browser  scones console\n   drift           scones monitor\n"


def test_every_advised_command_exists() -> None:
    commands = {command.split()[1] for advice in NEXT.values() for _, command in advice}
    assert commands <= {*cli.commands, "console"}
    assert set(NEXT) - {"baseline"} <= set(cli.commands)


def test_every_purpose_has_room_in_its_column() -> None:
    assert all(len(purpose) < PURPOSE_WIDTH for advice in NEXT.values() for purpose, _ in advice)
