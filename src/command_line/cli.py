"""The command `scones`: one program for the local AWS and for the workflow that runs on it."""

import os
import signal
from collections.abc import Sequence
from difflib import get_close_matches

import click
from click.shell_completion import CompletionItem

from command_line.catalog import COMMANDS, aws_commands, local_cloud_commands
from command_line.completion import PROGRAM, VARIABLE, completion
from command_line.logs import logs
from command_line.steps import Step

STARTS_THE_CLOUD = "run"


class LazyGroup(click.Group):
    """A group that imports a part only when one of its commands is used."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name == logs.name:  # of two parts
            return logs
        if entry := aws_commands().get(name):
            return Step(entry, starts_the_cloud=name == STARTS_THE_CLOUD)
        if entry := local_cloud_commands().get(name):
            return entry.load()
        return super().get_command(context, name)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(context, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], self.list_commands(context), n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.format_message()} Did you mean {near[0]!r}?", context) from error

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        for section, commands in COMMANDS.items():
            with formatter.section(section):
                formatter.write_dl(list(commands.items()))

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        commands = {name: summary for section in COMMANDS.values() for name, summary in section.items()}
        names = [CompletionItem(name, help=text) for name, text in commands.items() if name.startswith(incomplete)]
        # complete options like a plain command: click.Group would import every part
        return [*names, *click.Command.shell_complete(self, context, incomplete)]


def _set_profile(context: click.Context, parameter: click.Parameter, profile: str | None) -> None:
    """Set AWS_PROFILE, as `AWS_PROFILE=… scones` does: the parts and their processes read it there."""
    if profile and not context.resilient_parsing:
        os.environ["AWS_PROFILE"] = profile


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--profile",
    metavar="NAME",
    expose_value=False,
    callback=_set_profile,
    help="AWS profile: local (the default), local-mode, or one of your own. Also: AWS_PROFILE.",
)
@click.version_option(package_name="scones-unlimited", prog_name=PROGRAM)
def root() -> None:
    """The Scones Unlimited workflow: train, deploy and watch an image classifier, on this machine or on AWS.

    `scones run` does everything once. `scones up` starts the local AWS, and then each step can be run by itself.
    Under a profile of your own, the same steps run in that AWS account, and cost money there until `scones destroy`.
    """


root.add_command(completion)


def run(arguments: Sequence[str]) -> int:
    """Run a command line, and return its exit code."""
    try:
        return int(root.main(list(arguments), PROGRAM, VARIABLE, standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("nothing was done", err=True)
        return 128 + signal.SIGINT
