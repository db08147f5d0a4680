"""Judge every request before anything else looks at it.

The guards of `safety` refuse names that are not this machine's, pages of other sites, and other users. The console is
stricter than the servers of a local AWS: only its own pages may make changes, and nobody opens a WebSocket, since it
has none. Pages that it sends may load nothing from elsewhere, and no page may frame them.
"""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from safety.guard_settings import GuardSettings
from safety.peer_owner import PeerGuard
from safety.refusals import STATUS, RefusalLog
from safety.request_guard import RequestGuard

READS = ("GET", "HEAD")
OWN_SITES = ("same-origin", "none")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

log = logging.getLogger(__name__)


class Access:
    """The guards of the console, as a middleware in front of all of its routes."""

    def __init__(self, settings: GuardSettings, peers: PeerGuard | None = None) -> None:
        self._requests = RequestGuard(settings.allowed_hosts, settings.allowed_origins)
        self._peers = peers or PeerGuard()
        self._log = RefusalLog(log)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        reason = self._refusal(request)
        if reason is None:
            return await handler(request)
        self._log.add(request.remote or "unknown", reason)
        answer = web.Response(status=STATUS, text=reason, headers={**HEADERS, "Cache-Control": "no-store"})
        answer.force_close()
        return answer

    def _refusal(self, request: web.Request) -> str | None:
        return (
            self._refused_peer(request)
            or self._requests.refusal(request.method, request.raw_path, tuple(request.headers.items()))
            or _refused_upgrade(request)
            or _refused_change(request)
        )

    def _refused_peer(self, request: web.Request) -> str | None:
        if request.transport is None:
            raise ConnectionResetError("the client has disconnected")
        peer = request.transport.get_extra_info("peername")
        own = request.transport.get_extra_info("sockname")
        return self._peers.refusal(peer[:2], own[:2])


def _refused_upgrade(request: web.Request) -> str | None:
    if "Upgrade" in request.headers or "Sec-WebSocket-Key" in request.headers:
        return "Refused: the console has no WebSocket."
    return None


def _refused_change(request: web.Request) -> str | None:
    """Refuse requests from pages of other origins, also of this machine, unless a person follows a link."""
    site = request.headers.get("Sec-Fetch-Site", "none").lower()
    if request.method in READS:
        return None if site in OWN_SITES or _is_visit(request) else "Refused: a page of another origin sent this."
    origin = request.headers.get("Origin")
    if site not in OWN_SITES or (origin is not None and urlsplit(origin).netloc != request.host):
        return f"Refused: only pages of the console itself make changes, and this request comes from {origin!r:.100}."
    return None


def _is_visit(request: web.Request) -> bool:
    """Whether a person follows a link: they see the page, and the other site learns nothing of it."""
    return request.headers.get("Sec-Fetch-Mode") == "navigate" and request.headers.get("Sec-Fetch-Dest") == "document"


async def send_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add the headers of every answer, by aiohttp's signal on_response_prepare."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
