"""The entry point `python -m console`."""

import signal
import sys
from collections.abc import Callable

import click

from console.cli import cli


def exit_code_of(command: Callable[[], int | None]) -> int:
    """Run a command, report its errors in one line, and return its exit code.

    Ctrl-C is the way to end the console, also while it starts: `scones` says that it was stopped.
    """
    try:
        return command() or 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: cli(standalone_mode=False, prog_name="scones")))
