"""The guards of LocalStack's port, before a request is routed or its body read: S3 and internal paths are behind them.

Calls of LocalStack's services to each other are made in memory and do not pass through here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from localstack_plugin.gateway.http_server.messages import Address, Headers, RequestHead
from safety.peer_owner import PeerGuard
from safety.refusals import STATUS, RefusalLog, answer_to
from safety.request_guard import RequestGuard

REASON = "Forbidden"
log = logging.getLogger(__name__)


class Access:
    """The verdicts on connections and on requests."""

    def __init__(
        self, allowed_hosts: Iterable[str], allowed_origins: Iterable[str], peers: PeerGuard | None = None
    ) -> None:
        self._requests = RequestGuard(allowed_hosts, allowed_origins, has_public_name=True)
        self._peers = peers or PeerGuard()
        self._log = RefusalLog(log)

    def refusal_of_peer(self, peer: Address, own: Address) -> str | None:
        """Return why nobody at the other end of this connection is served."""
        return self._peers.refusal(peer, own)

    def refusal(self, head: RequestHead) -> str | None:
        return self._requests.refusal(head.method, head.target, head.headers)

    def refused(self, head: RequestHead, peer: Address, reason: str) -> tuple[str, Headers, bytes]:
        """Log the refusal; return the status, the headers and the body of its answer."""
        self._log.add(peer[0], reason)
        answer = answer_to(head.headers, reason)
        headers = {**answer.headers, "Content-Length": str(len(answer.body)), "Connection": "close"}
        return f"{STATUS} {REASON}", list(headers.items()), answer.body
