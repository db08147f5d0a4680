"""`python -m local_cloud up|down|status|logs|run|require|env`."""

import os
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from local_cloud import foreground
from local_cloud.aws import client_environment, config_file, hidden, ours, search_path, write_config
from local_cloud.cloud import LocalCloud, ServerStatus, State
from local_cloud.errors import LocalCloudError, NotUpError
from local_cloud.logs import follow, last_lines
from local_cloud.processes import Ended
from local_cloud.progress import Progress
from local_cloud.servers import servers
from local_cloud.settings import Settings

COLOURS = ("cyan", "magenta")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def cli(context: click.Context) -> None:
    """The local cloud: LocalStack and the SageMaker emulator as background processes of this machine."""
    context.obj = Settings.from_environment()


@cli.command()
@click.pass_obj
def up(settings: Settings) -> None:
    """Start what does not run, and wait until all is ready."""
    started = _up(settings, _cloud(settings).up)
    click.echo(_guide(settings) if started else f"the local cloud is already up\n{_guide(settings)}")


@cli.command()
@click.pass_obj
def down(settings: Settings) -> None:
    """End the servers, and whatever they started."""
    cloud = _cloud(settings)
    ended = cloud.down()
    click.echo("\n".join(map(_describe, ended)) or "the local cloud is not up: nothing to end")
    if cloud.is_elsewhere():
        click.echo("what answers on its ports was started by other means: docker compose down ends it")


@cli.command()
@click.pass_obj
def status(settings: Settings) -> int:
    """Show each server; exit 1 unless all run."""
    statuses = _cloud(settings).status()
    click.echo(_row("SERVER", "STATE", "PID", "PORT", "UPTIME", "MEMORY", "LOG"))
    for each in statuses:
        click.echo(_status_row(each))
    return 0 if all(each.state in (State.RUNNING, State.ELSEWHERE) for each in statuses) else 1


@cli.command()
@click.option("-f", "--follow", "follows", is_flag=True, help="Go on with what is written from now on.")
@click.option("-n", "--lines", default=50, show_default=True, help="How many of the last lines to show.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.pass_obj
def logs(settings: Settings, follows: bool, lines: int, names: tuple[str, ...]) -> None:
    """Show the servers' last log lines."""
    cloud = _cloud(settings)
    known = [server.name for server in cloud.servers]
    if unknown := [name for name in names if name not in known]:
        raise LocalCloudError(f"no server is called {unknown[0]!r}: there are {' and '.join(known)}")
    if cloud.is_elsewhere():
        raise LocalCloudError("the local cloud was started by other means: docker compose logs shows its logs")
    paths = [cloud.log(name) for name in names or known]
    for path in paths:
        for line in last_lines(path, lines):
            _echo_log(paths, path, line)
    if follows:
        for path, line in follow(paths):
            _echo_log(paths, path, line)


@cli.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--keep", is_flag=True, envvar="KEEP", help="Leave up what was started. Also: KEEP=1.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def run(settings: Settings, keep: bool, command: tuple[str, ...]) -> int:
    """Run COMMAND with the cloud up, and pass on its exit code. What was started for it is ended after it,
    or after the last of several that run at once.

    Under an AWS profile of a person's own nothing is started: COMMAND runs on AWS.
    """
    if not settings.is_local:
        return foreground.run(command, client_environment(settings, os.environ))
    cloud = _cloud(settings)
    _up(settings, cloud.up if keep else cloud.join)
    try:
        return foreground.run(command, client_environment(settings, os.environ))
    finally:
        if not keep:
            with foreground.uninterrupted():
                for ended in cloud.leave():
                    click.echo(_describe(ended), err=True)


@cli.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def require(settings: Settings, command: tuple[str, ...]) -> int:
    """Fail with advice unless the cloud is up; then run COMMAND, and pass on its exit code.

    Under an AWS profile of a person's own nothing is required: COMMAND runs on AWS.
    """
    if settings.is_local and not _cloud(settings).is_up():
        raise NotUpError(
            f"the local cloud is not up, and AWS_PROFILE={settings.profile} needs it. Run: make up\n"
            "(make status says how it is; with AWS_PROFILE=<a profile of your own> the step runs on AWS)"
        )
    return foreground.run(command, client_environment(settings, os.environ)) if command else 0


@cli.command()
@click.pass_obj
def env(settings: Settings) -> None:
    """Print the lines that point a shell at the local cloud: eval "$(make -s env)"."""
    if settings.is_local:
        _cloud(settings).require_ports()
        write_config(settings)
    for name in hidden(settings, os.environ):
        click.echo(f"unset {name}")
    for name, value in {**ours(settings), "PATH": search_path(settings, os.environ)}.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def main(arguments: Sequence[str]) -> int:
    try:
        with foreground.interruptible():
            return int(cli.main(list(arguments), prog_name="python -m local_cloud", standalone_mode=False) or 0)
    except foreground.Interrupted as interruption:
        click.echo(f"stopped by {interruption}", err=True)
        return 128 + interruption.signum
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except LocalCloudError as error:
        click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
        return 1
    except BrokenPipeError:
        # the reader of our output has gone (`make logs | head`); Python would complain once more when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _cloud(settings: Settings) -> LocalCloud:
    return LocalCloud(servers(settings), settings.state_dir, Progress(), settings.start_timeout_s)


def _up(settings: Settings, start: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    started = start()
    # not before: a port whose server is not ours must not get into it
    write_config(settings)
    return started


def _guide(settings: Settings) -> str:
    config = config_file(settings)
    relative = config.relative_to(Path.cwd()) if config.is_relative_to(Path.cwd()) else config
    return (
        f"\nThe local cloud is up: {settings.localstack_url}\n"
        f"  the workflow    make run\n"
        f"  the aws cli     AWS_CONFIG_FILE={relative} AWS_PROFILE={settings.profile} aws s3 ls\n"
        f'  this shell      eval "$(make -s env)"\n'
        f"  its health      make status, make logs\n"
        f"  the end         make down"
    )


def _describe(ended: Ended) -> str:
    how = "killed, since it did not end when asked" if ended.killed else "ended"
    command = ended.command if len(ended.command) <= 100 else f"{ended.command[:99]}…"
    return f"pid {ended.pid} {how}: {command}"


def _status_row(status: ServerStatus) -> str:
    return _row(
        status.name,
        status.state,
        str(status.pid or "-"),
        str(status.port),
        _duration(status.uptime_s),
        "-" if status.memory_bytes is None else f"{status.memory_bytes / 2**20:.0f} MiB",
        str(status.log),
    )


def _row(*cells: str) -> str:
    return f"{cells[0]:12}{cells[1]:15}{cells[2]:>9}{cells[3]:>7}{cells[4]:>12}{cells[5]:>11}  {cells[6]}"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _echo_log(paths: Sequence[Path], path: Path, line: str) -> None:
    prefix = click.style(f"{path.stem:10} | ", fg=COLOURS[paths.index(path) % len(COLOURS)])
    click.echo(prefix + line)
