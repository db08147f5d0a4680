"""What every command of the local cloud does: read the settings, report errors, and run programs that use the cloud."""

import errno
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec

import click

from local_cloud import foreground
from local_cloud.aws_environment import client_environment, write_config
from local_cloud.cloud import LocalCloud
from local_cloud.errors import LocalCloudError, NotUpError
from local_cloud.servers import servers
from local_cloud.settings import Settings
from local_cloud.shell.config import write_shell_config
from local_cloud.shell.environment import left, link_programs
from local_cloud.tables import describe_ended
from local_cloud.terminal.progress import Progress

# Tells a command that the AWS that it uses ends with it. The application reads it (scones/commands/failures.py).
AWS_ENDS = "SCONES_AWS_ENDS"
ENDED = (
    "The local AWS was started for this command and ends with it: its jobs and endpoints have stopped, and its "
    "state is kept for the next start. To keep it running next time: KEEP=1, or `scones up` first"
)
STILL_UP = (
    "The local AWS is still up, and work that was started there continues (scones status). To stop it: scones down"
)
Parameters = ParamSpec("Parameters")
EnvironmentOf = Callable[[Settings, Mapping[str, str]], dict[str, str]]


def with_errors_reported(action: Callable[[], int | None]) -> int:
    """Return the exit code of an action; report its errors, and the signal that stopped it, on standard error."""
    try:
        with foreground.interruptible():
            return action() or 0
    except foreground.Interrupted as interruption:
        click.echo(f"stopped by {interruption}", err=True)
        for note in getattr(interruption, "__notes__", ()):
            click.echo(f"  {note}", err=True)
        return 128 + interruption.signum
    except LocalCloudError as error:
        click.echo(f"Error: {error}", err=True)
        return 1
    except BrokenPipeError:
        # The reader of the output has closed the pipe (`scones logs | head`). Without this, Python complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        place = error.filename or "a file"
        click.echo(f"Error: {place}: {error.strerror}{_advice(error)}", err=True)
        return 1


def _advice(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ". Free some space, or set SCONES_STATE_DIR to a folder on another disk"
    return ""


def takes_settings(
    command: Callable[Concatenate[Settings, Parameters], int | None],
) -> Callable[Parameters, int]:
    """Pass the settings to a command, and report its errors. It returns its exit code."""

    @wraps(command)
    def call(*arguments: Parameters.args, **options: Parameters.kwargs) -> int:
        return with_errors_reported(lambda: command(Settings.from_environment(), *arguments, **options))

    return call


def step_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a step of the workflow, whatever shell it is called in."""
    return client_environment(settings, left(settings, environment))


def execute_on_cloud(
    command: Sequence[str], start: bool = False, keep: bool = False, environment_of: EnvironmentOf = step_environment
) -> int:
    """Run a command with the AWS of the profile, and return its exit code; errors are reported.

    The local cloud must be up, or `start` starts it for this command; `keep` leaves it running afterwards.
    """
    settings_of = Settings.from_environment
    if start:
        return with_errors_reported(lambda: _start_and_execute(settings_of(), command, keep, environment_of))
    return with_errors_reported(lambda: _require_and_execute(settings_of(), command, environment_of))


def _start_and_execute(settings: Settings, command: Sequence[str], keep: bool, environment_of: EnvironmentOf) -> int:
    """Run the command with the cloud up, and return its exit code. Servers that were started for it are ended after it,
    or after the last of several commands at once.

    Under the user's own AWS profile nothing is started: the command uses that account.
    """
    if not settings.is_local:
        return foreground.run(command, environment_of(settings, os.environ))
    cloud = cloud_of(settings)
    with foreground.noted("What this command had started of the local AWS was stopped again."):
        start_and_write_config(settings, cloud.up if keep else cloud.join)
    ends = cloud.ends_with_its_commands()
    environment = environment_of(settings, os.environ) | ({AWS_ENDS: "1"} if ends else {})
    try:
        with foreground.noted(ENDED if ends else STILL_UP):
            return foreground.run(command, environment)
    finally:
        if not keep:
            with foreground.signals_ignored():
                for ended in cloud.leave():
                    click.echo(describe_ended(ended), err=True)


def _require_and_execute(settings: Settings, command: Sequence[str], environment_of: EnvironmentOf) -> int:
    """Run the command and return its exit code; raise NotUpError if it needs the local cloud, and that is not up."""
    if settings.is_local and not cloud_of(settings).is_up():
        raise NotUpError(
            f"the local cloud is not up, and AWS_PROFILE={settings.profile} needs it. Run: scones up (or make up)\n"
            "(scones status shows its servers; with AWS_PROFILE=<a profile of your own> the step runs on AWS)"
        )
    if not settings.is_local:
        return foreground.run(command, environment_of(settings, os.environ))
    write_configs(settings)  # a cloud in Compose may be up without a command of ours before
    with foreground.noted(STILL_UP):
        return foreground.run(command, environment_of(settings, os.environ))


def cloud_of(settings: Settings) -> LocalCloud:
    return LocalCloud(servers(settings), settings.state_dir, Progress(), settings.start_timeout_s)


def start_and_write_config(settings: Settings, start: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    started = start()
    # only after the start, so that the configuration never has a port on which another program listens
    write_configs(settings)
    return started


def write_configs(settings: Settings) -> None:
    """Write the files that the variables of steps, shells and notebooks name."""
    write_config(settings)
    write_shell_config(settings, left(settings, os.environ))
    link_programs(settings)
