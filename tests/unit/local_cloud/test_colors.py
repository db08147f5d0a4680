"""The output of commands: one form of errors, and colors only where they are wanted."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from local_cloud.cli import _echo_log_line
from local_cloud.errors import LocalCloudError
from local_cloud.execution import with_errors_reported
from local_cloud.terminal.progress import Progress

ESCAPE = "\x1b"


class Terminal:
    """A terminal that keeps what is written to it."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None: ...


def test_an_error_begins_like_those_of_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> int:
        raise LocalCloudError("port 4566 is taken")

    assert with_errors_reported(fails) == 1
    assert capsys.readouterr().err == "Error: port 4566 is taken\n"


def test_a_file_that_cannot_be_written_is_reported_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> int:
        raise PermissionError(13, "Permission denied", "state")

    assert with_errors_reported(fails) == 1
    assert capsys.readouterr().err == "Error: state: Permission denied\n"


class ColorTerminal(io.TextIOWrapper):
    """A terminal on which click may write colors."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("no_color", "is_colored"), [("", True), ("1", False)])
def test_a_log_under_no_color_has_no_escape_codes(
    no_color: str, is_colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", ColorTerminal(screen, encoding="utf-8", write_through=True))
    monkeypatch.setenv("NO_COLOR", no_color)
    _echo_log_line([Path("localstack.log")], Path("localstack.log"), "ERROR: broken")
    assert (ESCAPE.encode() in screen.getvalue()) == is_colored
    assert b"ERROR: broken" in screen.getvalue()


@pytest.mark.parametrize(("terminal", "is_live"), [("xterm-256color", True), ("dumb", False)])
def test_only_a_terminal_that_can_replace_a_line_is_asked_to(
    terminal: str, is_live: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", terminal)
    screen = Terminal()
    progress = Progress(screen)  # type: ignore[arg-type]
    progress.waiting("waiting")
    progress.done("ready")
    assert (ESCAPE in screen.text) == is_live
    assert "ready" in screen.text
