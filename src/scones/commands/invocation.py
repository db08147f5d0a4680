"""Shared by all commands: the profile, the settings as options, and the measurement of steps."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from scones import output_folder, settings
from scones.commands.failures import reported
from scones.settings import Setting, parsers

if TYPE_CHECKING:
    from scones.context import Context

Result = TypeVar("Result")
Callback = Callable[..., None]


@dataclass(frozen=True)
class Invocation:
    """The options before the command: the AWS profile."""

    profile: str | None = None

    @property
    def target(self) -> str:
        """Return the profile's name, which is also the name of a section of targets.toml."""
        return self.profile or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"

    def context(self, arguments: dict[str, str | None]) -> Context:
        """Load the settings and connect to AWS."""
        options = {name: value for name, value in arguments.items() if value is not None}
        loaded = settings.load(options, os.environ, self.target, settings.targets_file())
        import boto3  # takes a while: see the package's docstring

        from scones.backends import open_context
        from scones.console import Console

        return open_context(loaded, boto3.Session(profile_name=self.profile), Console())


# A group that mounts a command need not create an Invocation: without one, AWS_PROFILE decides.
pass_invocation = click.make_pass_decorator(Invocation, ensure=True)


class Command(click.Command):
    """A command whose errors are one message, whatever group it is in."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(context, args)
        except click.NoSuchOption as error:
            # of a name that resembles none of the options, click has nothing to suggest
            if error.possibilities or not any(each.name == "hyperparameters" for each in self.params):
                raise
            name = error.option_name.lstrip("-").replace("-", "_")
            advice = f"A hyperparameter is set as --hyperparameters '{name}=...'"
            raise click.UsageError(f"{error.format_message()} {advice}", context) from error

    def invoke(self, context: click.Context) -> Any:
        invocation = context.find_object(Invocation) or Invocation()
        with reported(invocation.target):
            return super().invoke(context)


def options(*names: str) -> Callable[[Callback], Callback]:
    """Add the options of the settings with these names."""

    def decorate(callback: Callback) -> Callback:
        for name in reversed(names):
            callback = _option(settings.BY_NAME[name])(callback)
        return callback

    return decorate


def _option(setting: Setting) -> Callable[[Callback], Callback]:
    option, help_text = f"--{setting.name.replace('_', '-')}", f"{setting.help} [{setting.variable}]"
    if setting.parse is parsers.boolean:
        names = f"{option}/--no-{option[2:]}"
        return click.option(names, setting.name, default=None, help=help_text, callback=_yes_or_no)
    return click.option(option, setting.name, metavar="VALUE", help=help_text)


def _yes_or_no(context: click.Context, parameter: click.Parameter, value: bool | None) -> str | None:
    """Turn a flag into text, so that all settings are parsed from text."""
    return None if value is None else "yes" if value else "no"


def timed(context: Context, step: str, title: str, action: Callable[[Context], Result]) -> Result:
    """Run a step of the workflow and record how long it took. Fail first if its results could not be written."""
    out = context.settings.out
    output_folder.require_writable(out)
    context.console.step(title)
    began = time.monotonic()
    result = action(context)
    output_folder.record_seconds(out, step, time.monotonic() - began)
    return result
