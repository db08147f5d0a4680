"""The guards of LocalStack's port, before a request is routed or its body read: S3 and internal paths are behind them.

Calls of LocalStack's services to each other are made in memory and do not pass through here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cached_property

from localstack_plugin.gateway.http_server.messages import Address, Headers, RequestHead
from safety.peer_owner import PeerGuard
from safety.refusals import STATUS, RefusalLog, answer_to
from safety.request_guard import RequestGuard

REASON = "Forbidden"
log = logging.getLogger(__name__)


class Access:
    """The guards of the port."""

    def __init__(
        self, allowed_hosts: Iterable[str], allowed_origins: Iterable[str], peers: PeerGuard | None = None
    ) -> None:
        self.requests = RequestGuard(allowed_hosts, allowed_origins, has_public_name=True)
        self.peers = peers or PeerGuard()
        self.log = RefusalLog(log)

    def of(self, peer: Address, own: Address) -> ConnectionAccess:
        return ConnectionAccess(self, peer, own)


class ConnectionAccess:
    """The verdicts on one connection and its requests. Who is at the other end is judged once."""

    def __init__(self, access: Access, peer: Address, own: Address) -> None:
        self._access, self._peer, self._own = access, peer, own

    @cached_property
    def _refusal_of_peer(self) -> str | None:
        """Why nobody at the other end is served."""
        return self._access.peers.refusal(self._peer, self._own)

    def judge_peer(self) -> None:
        """Ask who is at the other end. Where the kernel has only tables to read, this takes long."""
        _ = self._refusal_of_peer

    def refusal(self, head: RequestHead) -> str | None:
        return self._refusal_of_peer or self._access.requests.refusal(head.method, head.target, head.headers)

    def refused(self, head: RequestHead, reason: str) -> tuple[str, Headers, bytes]:
        """Log the refusal; return the status, the headers and the body of its answer."""
        self._access.log.add(self._peer[0], reason)
        answer = answer_to(head.headers, reason)
        headers = {**answer.headers, "Content-Length": str(len(answer.body)), "Connection": "close"}
        return f"{STATUS} {REASON}", list(headers.items()), answer.body
