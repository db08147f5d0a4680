"""Turn errors into one message for the user, and into exit codes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click
from click.exceptions import Exit

from scones.errors import SconesError

FAILED = 1
# Set by who starts a command whose AWS ends with it, so that nothing on it goes on (local_cloud/execution.py).
AWS_ENDS = "SCONES_AWS_ENDS"
# The exit code of a process that Ctrl-C ended, as shells report it.
INTERRUPTED = 130


@contextmanager
def reported(target: str) -> Iterator[None]:
    """Print an error that the block raises, and exit. target is the name of the profile in use."""
    try:
        yield
    except (click.ClickException, Exit):
        raise  # click reports these itself
    except SconesError as error:
        click.echo(f"Error: {error}", err=True)
        raise Exit(error.exit_code) from error
    except OSError as error:
        click.echo(f"Error: {error.filename or 'a file'}: {error.strerror or error}", err=True)
        raise Exit(FAILED) from error
    except (click.Abort, KeyboardInterrupt) as error:
        if os.environ.get(AWS_ENDS):
            click.echo("\nInterrupted.", err=True)
        else:
            click.echo("\nInterrupted. Run the command again to continue from here.", err=True)
            _print_running(error.__cause__ or error)
        raise Exit(INTERRUPTED) from error
    except Exception as error:  # the edge of the process: errors of botocore are reported, others are raised again
        _report_aws_error(error, target)
        raise Exit(FAILED) from error


def _report_aws_error(error: Exception, target: str) -> None:
    """Print an error of botocore, and raise any other again."""
    # Imported only after an error, because botocore takes a while to import.
    from botocore.exceptions import BotoCoreError, ClientError

    from scones.aws_errors import explained

    if not isinstance(error, BotoCoreError | ClientError):
        raise error
    click.echo(f"Error: {explained(error, target)}", err=True)
    _print_running(error)


def _print_running(error: BaseException) -> None:
    """Print what continues to run in the cloud: `console.keeps_running` has added that as notes."""
    notes: list[str] = getattr(error, "__notes__", [])
    for note in notes:
        click.echo(f"  Still running: {note}", err=True)
