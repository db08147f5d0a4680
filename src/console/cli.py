"""The command `scones console`."""

import click

# The import inside the command keeps `scones console --help` and completion fast.

PORT = 4580


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """The console: web pages on this machine that show what is in an AWS account."""


@cli.command()
@click.option("--port", default=PORT, show_default=True, help="Port on 127.0.0.1; 0 chooses a free one.")
@click.option(
    "--allow-changes",
    is_flag=True,
    help="Also start, stop and delete things in an account that is not on this machine. Otherwise it is only shown.",
)
def console(port: int, allow_changes: bool) -> int:
    """Open the console: web pages that show jobs, endpoints, executions, models and queues.

    Only this machine can reach it. It shows the AWS of the profile in use: the local one, where it can also start,
    stop and delete; or your own account, which it only shows unless you pass --allow-changes. Ctrl-C ends it.
    """
    from console.start import start

    return start(port, allow_changes)
