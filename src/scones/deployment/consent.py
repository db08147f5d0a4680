"""Asks before something is changed that costs or cannot be had back, where the target says that it must be asked."""

import sys

import click

from scones.context import Context
from scones.errors import ConsentError


def require(context: Context, question: str) -> None:
    """Returns if the person agrees.

    Raises:
        ConsentError: they do not, or nobody can be asked.
    """
    if context.settings.yes or not context.settings.confirm:
        return
    if not sys.stdin.isatty():
        raise ConsentError(
            f"{question} There is no terminal to ask on, and nothing was changed: "
            "say YES=1 (or --yes) to go ahead without being asked"
        )
    if not click.confirm(f"   {question}", default=False):
        raise ConsentError("nothing was changed")
