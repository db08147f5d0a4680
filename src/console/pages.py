"""Views, and the handlers that send them: as a whole page, or as a stream of its live blocks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console import live
from console.errors import BadRequest, ConsoleError, NotAllowed, NotThere
from console.site import Site

Context = Mapping[str, Any]
Load = Callable[[Site, web.Request], Awaitable[Context]]
STATUSES = {NotThere: 404, BadRequest: 400, NotAllowed: 403}
UNREACHABLE = 502
TITLES = {404: "Not found", 403: "Not allowed here", UNREACHABLE: "AWS refused, or did not answer"}


@dataclass(frozen=True)
class View:
    """A page. `load` returns what its template needs; `place` is the entry of the navigation that it belongs to."""

    path: str
    template: str
    load: Load
    place: str
    every_s: float = 2.0
    """The pause between two looks for changes, while the page is open."""


def handler(site: Site, view: View) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        if live.wants_stream(request):
            return await live.stream(request, lambda: _blocks(site, view, request), view.every_s)
        frame = await site.frame(request, view.place)
        try:
            context = {**frame, **await view.load(site, request)}
        except ConsoleError as error:
            return problem(site, frame, error, _without_fault(request, error))
        return page(site, view.template, context)

    return answer


def budget_s(site: Site, request: web.Request) -> float:
    """Return how long a load may read what takes longer than a page may: the rest follows on the page's stream."""
    return site.stream_reads_s if live.wants_stream(request) else site.page_reads_s


def page(site: Site, template: str, context: Context, status: int = 200) -> web.Response:
    # JSON of an account can name halves of a pair of UTF-16, which no text in UTF-8 can have
    return web.Response(
        body=site.render(template, context).encode(errors="replace"),
        content_type="text/html",
        charset="utf-8",
        status=status,
        headers={"Cache-Control": "no-store"},
    )


def _without_fault(request: web.Request, error: ConsoleError) -> str:
    """Return the address of a page without the parameter that is not valid; empty if the error is of another kind."""
    if not isinstance(error, BadRequest) or error.parameter not in request.query:
        return ""
    return str(request.rel_url.without_query_params(error.parameter))


def problem(site: Site, frame: Context, error: ConsoleError, back: str = "") -> web.Response:
    """Return the page that explains an error. `back` is the address of the page that it came from, if there is one."""
    status = STATUSES.get(type(error), UNREACHABLE)
    title = error.title if isinstance(error, BadRequest) else TITLES.get(status, TITLES[UNREACHABLE])
    context = {**frame, "error": str(error), "status": status, "heading": title, "back": back}
    return page(site, "problem.html", context, status)


async def _blocks(site: Site, view: View, request: web.Request) -> dict[str, str]:
    context = {**await site.frame(request, view.place), **await view.load(site, request)}
    return site.render_blocks(view.template, context, live.PREFIX)
