"""The commands of the local cloud: `scones up`, `down`, `status`, `env`, `exec`, `uninstall`, and the servers' logs."""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from local_cloud import foreground, uninstall
from local_cloud.aws_environment import config_file
from local_cloud.cloud import ServerState
from local_cloud.errors import LocalCloudError
from local_cloud.execution import cloud_of, execute_on_cloud, start_and_write_config, takes_settings, write_configs
from local_cloud.notebook.commands import kernel, notebook
from local_cloud.settings import Settings, is_checkout
from local_cloud.shell.environment import command_environment, entered, unset
from local_cloud.shell.syntax import SHELLS, calling_shell, lines
from local_cloud.snapshots.commands import snapshot
from local_cloud.tables import describe_ended, guide, status_table
from local_cloud.terminal.logs import follow, last_lines

LOG_COLORS = ("cyan", "magenta")
LEVEL_COLORS = {"WARN": "yellow", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "red", "Traceback": "red"}
LEVEL = re.compile(rf"\b(?:{'|'.join(LEVEL_COLORS)})\b")
PASS_THROUGH = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """The local AWS: LocalStack and the SageMaker emulator as background processes of this machine."""


cli.add_command(kernel)
cli.add_command(notebook)
cli.add_command(snapshot)


@cli.command()
@takes_settings
def up(settings: Settings) -> None:
    """Start the local AWS, and wait until it is ready.

    Two servers run in the background until `scones down`:

    \b
      sagemaker   SageMaker and its runtime             127.0.0.1:4570
      localstack  S3, Lambda, Step Functions, IAM, ...  127.0.0.1:4566

    One address serves all: http://127.0.0.1:4566 forwards SageMaker's calls. Only this machine can reach it.
    A server that runs already is left alone. State and logs are in .scones: both servers continue with what
    they had when they ended.

    \b
    Settings, by environment variables (docs/servers.md has all):
      SCONES_LOCALSTACK_PORT, SCONES_SAGEMAKER_PORT   other ports
      SCONES_STATE_DIR                                another folder than .scones
      SCONES_START_TIMEOUT_S                          how long to wait (120)

    \b
    Next:  scones run, or eval "$(scones env)" and use the aws cli or any SDK.
    Stop:  scones down
    """
    with foreground.noted("The servers that this command had started were stopped again; others are left alone."):
        started = start_and_write_config(settings, cloud_of(settings).up)
    advice = guide(settings.localstack_url, config_file(settings), settings.profile, _program(settings))
    click.echo(advice if started else f"the local cloud is already up\n{advice}")


@cli.command()
@takes_settings
def down(settings: Settings) -> None:
    """Stop the local AWS, and everything that it started.

    Training jobs and endpoints end too. At the next `scones up`, endpoints start again, and what was in S3, Lambda,
    Step Functions and LocalStack's other services is there again. A local AWS in Docker Compose is left alone:
    `docker compose down` stops it.
    """
    cloud = cloud_of(settings)
    ended = cloud.down()
    click.echo("\n".join(map(describe_ended, ended)) or "the local cloud is not up: there is nothing to stop")
    if cloud.is_external():
        click.echo("something else started the cloud on these ports: docker compose down stops it if it was Compose")


@cli.command()
@takes_settings
def status(settings: Settings) -> int:
    """Show each server: state, process, port, memory, log.

    The exit code is 0 if all of them run, and 1 otherwise.
    """
    statuses = cloud_of(settings).status()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.echo(status_table(statuses, width))
    return 0 if all(each.state in (ServerState.RUNNING, ServerState.EXTERNAL) for each in statuses) else 1


@takes_settings
def server_logs(settings: Settings, follows: bool, lines: int, names: tuple[str, ...]) -> None:
    """Show the last lines of the servers' logs; of all servers if none is named."""
    cloud = cloud_of(settings)
    known = [server.name for server in cloud.servers]
    if unknown := [name for name in names if name not in known]:
        raise LocalCloudError(f"no server is called {unknown[0]!r}: there are {' and '.join(known)}")
    if cloud.is_external():
        raise LocalCloudError(
            "something else started the local cloud: docker compose logs shows its logs if it was Compose"
        )
    paths = [cloud.log(name) for name in names or known]
    for path in paths:
        for line in last_lines(path, lines):
            _echo_log_line(paths, path, line)
    if follows:
        for path, line in follow(paths):
            _echo_log_line(paths, path, line)


@cli.command()
@click.option("--unset", "restores", is_flag=True, help="Print the lines that restore the shell instead.")
@click.option(
    "--shell", type=click.Choice(SHELLS), help="The shell that reads the lines (default: the one that runs this)."
)
@takes_settings
def env(settings: Settings, restores: bool, shell: str | None) -> None:
    """Print the lines that point a shell at the local AWS: eval "$(scones env)".

    \b
      bash, zsh   eval "$(scones env)"      fish   scones env | source
      and back    eval "$(scones env --unset)"

    Afterwards the aws cli and every AWS SDK in that shell use the local AWS. Its python, pip and aws stay the same;
    `scones` is added at the end of its PATH. Python programs get a start-up hook, so that the SageMaker SDK finds
    account, bucket and role there as well. Your own profiles work in the same shell: AWS_PROFILE=prod aws s3 ls.
    If AWS_PROFILE is a profile of your own now, the lines select that account instead.
    """
    if restores:
        changes = unset(settings, os.environ)
    else:
        if settings.is_local:
            cloud_of(settings).require_ports()
        write_configs(settings)
        changes = entered(settings, os.environ)
    click.echo("\n".join(lines(changes, shell or calling_shell())))


@cli.command("exec", context_settings=PASS_THROUGH)
@click.option("--start", is_flag=True, help="Start the local AWS for the command, and stop it afterwards.")
@click.option("--keep", is_flag=True, envvar="KEEP", help="With --start: leave it up afterwards. Also: KEEP=1.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(start: bool, keep: bool, command: tuple[str, ...]) -> int:
    """Run a command that uses the local AWS: scones exec -- python train.py.

    The command runs as in a shell of `scones env`, with your python, pip and aws; the exit code is the command's. If
    AWS_PROFILE is a profile of your own, the command runs against that account, and nothing is started or needed here.
    """
    return execute_on_cloud(command, start, keep, command_environment)


@cli.command("uninstall")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@takes_settings
def uninstall_command(settings: Settings, yes: bool) -> None:
    """Show everything that the kit has put on this machine, and remove it after asking.

    That is: the servers that run, their state, results, environments, caches, and containers of this checkout.
    The checkout stays. Nothing on AWS is touched: `scones destroy` removes what a workflow created there.
    """
    paths, objects = uninstall.installed_paths(settings), uninstall.docker_objects(settings)
    if not paths and not objects:
        click.echo("nothing of the kit is on this machine except itself")
        return
    for path in paths:
        click.echo(f"  {path.kind:36}{path.path}")
    for item in objects:
        click.echo(f"  {'Docker ' + item.kind:36}{item.name}")
    if not yes:
        click.confirm("Stop the local cloud, and remove all of this?", abort=True)
    with foreground.signals_ignored():
        for ended in cloud_of(settings).down():
            click.echo(describe_ended(ended))
        for item in objects:
            item.remove()
        for path in paths:
            path.remove()
    left = f"The checkout is left: rm -r {settings.root}" if is_checkout(settings.root) else "The package is left"
    click.echo(
        f"removed. {left}\n"
        "Shared with other projects and therefore kept: the caches of pip and uv, and Docker images (scones/*)"
    )


def _program(settings: Settings) -> str:
    """Return how to call `scones` from this folder: by its name only if it is on the PATH."""
    if shutil.which("scones"):
        return "scones"
    path = settings.root / ".venv" / "bin" / "scones"
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _echo_log_line(paths: Sequence[Path], path: Path, line: str) -> None:
    prefix = click.style(f"{path.stem:10} | ", fg=LOG_COLORS[paths.index(path) % len(LOG_COLORS)])
    level = LEVEL.search(line)
    # click leaves colors out where the output is no terminal; https://no-color.org is left to its callers
    color = False if os.environ.get("NO_COLOR") else None
    click.echo(prefix + (click.style(line, fg=LEVEL_COLORS[level[0]]) if level else line), color=color)
