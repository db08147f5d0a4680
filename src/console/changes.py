"""Changes: the requests of forms, carried out after a confirmation, where the account may be changed.

Every change is a POST. One that takes something away first answers with a page that says what will happen; its button
sends the same form again with `confirmed`. Where the account is shown read only, no change is sent to AWS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console import pages
from console.errors import ConsoleError, NotAllowed
from console.site import Site

Fields = Mapping[str, Any]
Make = Callable[[Site, web.Request, Fields], Awaitable[str]]
CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Confirmation:
    """The texts of the page that asks first. `{name}` in them is the name in the address."""

    question: str
    consequence: str
    verb: str


@dataclass(frozen=True)
class Change:
    """A change of `services`. `make` carries it out, and returns the address of the page to show afterwards."""

    path: str
    services: tuple[str, ...]
    make: Make
    confirmation: Confirmation | None = None
    form: str = ""
    """The page that has the form; empty if its address is that of the change without its last part."""


def handler(site: Site, change: Change) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        fields = await request.post()
        frame = await site.frame(request, "")
        try:
            if not all([await site.aws.may_change(service) for service in change.services]):
                raise NotAllowed(
                    "this account is not on this machine, so the console only shows it. "
                    "To change it from here: scones console --allow-changes"
                )
            if change.confirmation and CONFIRMED not in fields:
                return _asked(site, frame, change, change.confirmation, request, fields)
            # a page that is left meanwhile does not interrupt it halfway
            path = await asyncio.shield(change.make(site, request, fields))
        except ConsoleError as error:
            return pages.problem(site, frame, error, _form(change, request))
        raise web.HTTPSeeOther(path)

    return answer


def _form(change: Change, request: web.Request) -> str:
    """Return the address of the page that has the form."""
    return change.form or request.path.rpartition("/")[0] or "/"


def _asked(
    site: Site,
    frame: Mapping[str, Any],
    change: Change,
    confirmation: Confirmation,
    request: web.Request,
    fields: Fields,
) -> web.Response:
    name = request.match_info.get("name", "")
    context = {
        **frame,
        "question": confirmation.question.format(name=name),
        "consequence": confirmation.consequence.format(name=name),
        "verb": confirmation.verb,
        "fields": [(key, value) for key, value in fields.items() if isinstance(value, str)],
        "back": _form(change, request),
    }
    return pages.page(site, "confirm.html", context)
