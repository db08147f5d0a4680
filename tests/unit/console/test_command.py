"""The command `scones console`: its mistakes and its end take a line, not a traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import click
import pytest

from console.__main__ import exit_code_of


def raising(error: BaseException) -> Callable[[], int | None]:
    def command() -> int | None:
        raise error

    return command


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_ctrl_c_while_the_console_starts_ends_it_without_a_word(
    error: BaseException, capfd: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(raising(error)) == 130
    assert capfd.readouterr() == ("", "")


def test_the_exit_code_is_the_commands_own() -> None:
    assert [exit_code_of(lambda: None), exit_code_of(lambda: 1)] == [0, 1]


def test_a_wrong_option_is_explained_in_one_line() -> None:
    command = [sys.executable, "-m", "console", "console", "--port", "abc"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1] == "Error: Invalid value for '--port': 'abc' is not a valid integer."
    assert "Traceback" not in ended.stderr
