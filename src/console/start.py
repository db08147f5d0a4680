"""Start the console, and report what prevents it."""

import asyncio
import errno
import os

import boto3
import click
from botocore.exceptions import BotoCoreError

from console.aws.client import Aws
from console.server import HOST, serve
from safety.guard_settings import GuardSettings, GuardSettingsError


def start(port: int, allow_changes: bool) -> int:
    """Serve until Ctrl-C, and return the exit code."""
    try:
        aws, guard = Aws(boto3.Session(), allow_changes), GuardSettings.from_environment(os.environ)
        asyncio.run(serve(aws, guard, port, _announce))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return _failed(f"port {port} is taken, perhaps by another console. Choose another: scones console --port 0")
    except (BotoCoreError, GuardSettingsError) as error:
        return _failed(str(error))
    return 0


def _announce(port: int) -> None:
    click.echo(f" ✓ The console is open: http://{HOST}:{port}/\n   to end it       Ctrl-C")


def _failed(message: str) -> int:
    click.echo(f"Error: {message}", err=True)
    return 1
