"""The steps of the workflow and the console, each run in a process of its own with the AWS of the profile.

The application does not know that a local cloud exists, and the local cloud does not know the application. Here a
step is given to the local cloud as a command line.
"""

import copy
import sys
from typing import Any

import click

from command_line.catalog import Entry

HELP_OPTIONS = ("-h", "--help")


class Step(click.Command):
    """A step that is known by its name alone. The application is imported only to show help or to complete a word."""

    def __init__(self, entry: Entry, starts_the_cloud: bool = False) -> None:
        arguments = click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)
        super().__init__(
            entry.name,
            params=[*_own_options(starts_the_cloud), arguments],
            callback=self._execute,
            add_help_option=False,
            context_settings={"ignore_unknown_options": True},
        )
        self._entry = entry
        self._starts_the_cloud = starts_the_cloud

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if extra.get("resilient_parsing") or any(option in args for option in HELP_OPTIONS):
            return self.documented().make_context(info_name, args, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def documented(self) -> click.Command:
        """Return the application's command, with its help and all of its options."""
        command = copy.copy(self._entry.load())
        command.params = [*command.params, *_own_options(self._starts_the_cloud)]
        return command

    def _execute(self, arguments: tuple[str, ...], keep: bool = False) -> int:
        # imported here, so that help and completion answer without it
        from local_cloud.execution import execute_on_cloud

        # -P: Python must not import from the folder in which the command is called
        command = [sys.executable, "-P", "-m", self._entry.program, self.name or "", *arguments]
        return execute_on_cloud(command, start=self._starts_the_cloud, keep=keep)


def _own_options(starts_the_cloud: bool) -> list[click.Option]:
    if not starts_the_cloud:
        return []
    return [
        click.Option(["--keep"], is_flag=True, envvar="KEEP", help="Leave the local AWS up afterwards. Also: KEEP=1.")
    ]
