"""The command `scones logs`: the local cloud shows the servers' logs, the application all others."""

import sys

import click
from click.shell_completion import CompletionItem

SERVER = "server"
SERVERS = ("sagemaker", "localstack")
KINDS = ("train", "endpoint", "function", "execution", SERVER)


def _complete_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    if context.params.get("kind") != SERVER:
        return []
    return [CompletionItem(name) for name in SERVERS if name.startswith(incomplete)]


@click.command("logs")
@click.option(
    "-f", "--follow", "follows", is_flag=True, help="Keep printing new lines, until the work ends or you press Ctrl-C."
)
@click.option("-n", "--lines", default=200, show_default=True, help="Number of lines to show, counted from the end.")
@click.argument("kind", type=click.Choice(KINDS), default=KINDS[0], metavar="[KIND]")
@click.argument("name", required=False, shell_complete=_complete_names)
def logs(follows: bool, lines: int, kind: str, name: str | None) -> int:
    """Show the log of a job, an endpoint, a function, an execution, or a server.

    \b
      scones logs                    the newest training job
      scones logs endpoint           the endpoint that logged last; also: function
      scones logs train NAME         the training job NAME; also: endpoint, function
      scones logs execution [NAME]   the newest execution (of the state machine NAME): its states, and
                                     in one line why it failed
      scones logs server [NAME]      the local AWS: sagemaker, localstack, or both
    """
    if kind == SERVER:
        return _server_logs(follows, lines, name)
    from local_cloud.execution import execute_on_cloud  # only now: completion answers without it

    options = ["--lines", str(lines), *(["--follow"] if follows else [])]
    return execute_on_cloud([sys.executable, "-m", "scones", "logs", kind, *([name] if name else []), *options])


def _server_logs(follows: bool, lines: int, name: str | None) -> int:
    from local_cloud.cli import server_logs  # only now: completion answers without it

    return server_logs(follows, lines, (name,) if name else ())
