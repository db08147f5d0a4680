"""Ask the user before a change that costs money or cannot be undone, if the target's settings say so."""

import sys

import click

from scones.context import Context
from scones.errors import ConsentError
from scones.settings import Settings


def place(context: Context) -> str:
    return f"account {context.account} in {context.region}"


def require(settings: Settings, question: str) -> None:
    """Return if the user agrees, or if the settings say not to ask.

    Raises:
        ConsentError: the user does not agree, or there is no terminal to ask on.
    """
    if settings.yes or not settings.confirm:
        return
    if not sys.stdin.isatty():
        raise ConsentError(
            f"{question} There is no terminal to ask on, and nothing was changed: "
            "set YES=1 (or --yes) to proceed without a question"
        )
    if not click.confirm(f"   {question}", default=False):
        raise ConsentError("nothing was changed")
