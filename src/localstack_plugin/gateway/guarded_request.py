"""The guards of LocalStack's port, before twisted routes a request: S3, WebSockets and internal paths are behind them.

Calls of LocalStack's services to each other are made in memory and do not pass through here.
"""

from __future__ import annotations

import logging
from weakref import WeakKeyDictionary

from rolo.serving.twisted import TwistedRequestAdapter

from localstack_plugin.settings import Settings
from safety.peer_owner import PeerGuard
from safety.refusals import STATUS, RefusalLog, answer_to
from safety.request_guard import RequestGuard

UNKNOWN_METHOD, UNKNOWN_TARGET = "GET", "/"
"""The values that are judged most leniently, for a request whose method and target are not known yet."""

log = logging.getLogger(__name__)


class GatewayAccess:
    """The guards of the gateway: they judge every connection once, and every request."""

    def __init__(self, settings: Settings) -> None:
        self._requests = RequestGuard(
            settings.guard.allowed_hosts, settings.guard.allowed_origins, has_public_name=True
        )
        self._peers = PeerGuard()
        self._judged: WeakKeyDictionary[object, str | None] = WeakKeyDictionary()
        self.log = RefusalLog(log)

    def refusal_of_head(self, request: GuardedRequest) -> str | None:
        """Return why the request is refused whatever its method and target are."""
        headers = headers_of(request)
        return self._refused_peer(request) or self._requests.refusal(UNKNOWN_METHOD, UNKNOWN_TARGET, headers)

    def refusal(self, request: GuardedRequest) -> str | None:
        method, target = request.method.decode("latin-1"), request.uri.decode("latin-1")
        return self._requests.refusal(method, target, headers_of(request))

    def _refused_peer(self, request: GuardedRequest) -> str | None:
        connection = request.channel
        if connection not in self._judged:
            peer, own = request.getClientAddress(), request.getHost()
            self._judged[connection] = self._peers.refusal((peer.host, peer.port), (own.host, own.port))
        return self._judged[connection]


class GuardedRequest(TwistedRequestAdapter):
    """A request that is judged when its headers have arrived, and again with method and target.

    The body of a refused request is read and dropped: a client that is still sending would not read the answer.
    """

    _refused: str | None = None

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - twisted's name
        super().gotLength(length)
        self._refused = self._access.refusal_of_head(self)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 - twisted's name
        if self._refused is None:
            super().handleContentChunk(data)

    def process(self) -> None:
        reason = self._refused or self._access.refusal(self)
        if reason is None:
            super().process()
        else:
            self._refuse(reason)

    @property
    def _access(self) -> GatewayAccess:
        access: GatewayAccess = self.channel.site.access
        return access

    def _refuse(self, reason: str) -> None:
        self._access.log.add(self.getClientAddress().host, reason)
        answer = answer_to(headers_of(self), reason)
        self.setResponseCode(STATUS)
        head = {**answer.headers, "Content-Length": str(len(answer.body)), "Connection": "close"}
        for name, value in head.items():
            self.responseHeaders.setRawHeaders(name.encode(), [value.encode()])
        self.channel.persistent = False  # the rest of this connection is dropped
        self.write(answer.body)
        self.finish()


def headers_of(request: GuardedRequest) -> list[tuple[str, str]]:
    """Return every header field as text."""
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in request.requestHeaders.getAllRawHeaders()
        for value in values
    ]
