"""Access control for requests: checked once per connection and once per request, before a body is read."""

from __future__ import annotations

import logging
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from safety.guard_settings import GuardSettings
from safety.peer_owner import PeerGuard
from safety.refusals import STATUS, RefusalLog, answer_to
from safety.request_guard import RequestGuard

SWEEP_AT = 256
ISOLATED = "Refused: the request comes from a container with EnableNetworkIsolation, which reaches no AWS service."

log = logging.getLogger(__name__)


class Access:
    """The guards of one server, as a middleware in front of all of its routes.

    `is_isolated` tells which of the server's addresses are in networks of isolated containers.
    """

    def __init__(
        self,
        settings: GuardSettings,
        peers: PeerGuard | None = None,
        is_isolated: Callable[[str], bool] = lambda address: False,
    ) -> None:
        self._requests = RequestGuard(settings.allowed_hosts, settings.allowed_origins)
        self._peers = peers or PeerGuard()
        self._is_isolated = is_isolated
        self._connections = JudgedConnections()
        self._log = RefusalLog(log)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        headers = tuple(request.headers.items())
        reason = self._refused_peer(request) or self._requests.refusal(request.method, request.raw_path, headers)
        if reason is None:
            return await handler(request)
        self._log.add(request.remote or "unknown", reason)
        refusal = answer_to(headers, reason)
        answer = web.Response(status=STATUS, headers=refusal.headers, body=refusal.body)
        answer.force_close()
        return answer

    def _refused_peer(self, request: web.Request) -> str | None:
        connection = request.protocol
        if connection not in self._connections:
            if request.transport is None:
                raise ConnectionResetError("the client has disconnected")
            peer = request.transport.get_extra_info("peername")
            own = request.transport.get_extra_info("sockname")
            isolated = ISOLATED if self._is_isolated(own[0]) else None
            self._connections[connection] = isolated or self._peers.refusal(peer[:2], own[:2])
        return self._connections[connection]


class JudgedConnections(dict[web.RequestHandler, str | None]):
    """The verdict on each open connection.

    aiohttp's connections do not support weak references. Closed ones are therefore removed here, each time that the
    number of entries has doubled since the last removal.
    """

    _limit = SWEEP_AT

    def __setitem__(self, connection: web.RequestHandler, refusal: str | None) -> None:
        if len(self) >= self._limit:
            for closed in [connection for connection in self if connection.transport is None]:
                del self[closed]
            self._limit = max(SWEEP_AT, 2 * len(self))
        super().__setitem__(connection, refusal)
