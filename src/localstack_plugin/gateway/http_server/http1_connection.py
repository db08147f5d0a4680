"""A connection of HTTP/1, served by one thread: each request is read, judged and answered before the next is read."""

from __future__ import annotations

import logging
import socket

from localstack_plugin.gateway.http_server import answer_writer
from localstack_plugin.gateway.http_server.access import ConnectionAccess
from localstack_plugin.gateway.http_server.last_answer import send_last
from localstack_plugin.gateway.http_server.messages import (
    Address,
    Application,
    Disconnected,
    MalformedRequestError,
    Request,
    RequestHead,
)
from localstack_plugin.gateway.http_server.request_reader import RequestReader

DROPPED_MAX_BYTES = 64 << 20
"""Of the body of a refused request. A client that is still sending would not read the answer."""
log = logging.getLogger(__name__)


class Http1Connection:
    def __init__(
        self, connection: socket.socket, peer: Address, own: Address, application: Application, access: ConnectionAccess
    ) -> None:
        self._socket, self._peer, self._own = connection, peer, own
        self._application, self._access = application, access

    def serve(self, received: bytes) -> None:
        """Serve until the client leaves, or a request or an answer ends the connection. It has sent `received`."""
        reader = RequestReader(self._socket, received)
        try:
            while self._answer(reader.head(), reader):
                pass
        except MalformedRequestError:
            send_last(self._socket, answer_writer.MALFORMED)
        except Disconnected:
            pass

    def _answer(self, head: RequestHead, reader: RequestReader) -> bool:
        """Answer a request; return whether the connection may carry another."""
        reason = self._access.refusal(head)
        if reason is not None:
            self._refuse(head, reader, reason)
            return False
        if head.expects_continue and not reader.has_more:
            answer_writer.send(self._socket, answer_writer.CONTINUE)
        try:
            with reader.body() as body:
                answer = self._application(Request(head, body, self._peer, self._own))
                return answer_writer.write(self._socket, head, answer)
        except (Disconnected, MalformedRequestError):
            raise
        except Exception:  # the edge of a request
            log.exception("%s %s could not be answered", head.method, head.target)
            send_last(self._socket, answer_writer.BROKEN)
            return False

    def _refuse(self, head: RequestHead, reader: RequestReader, reason: str) -> None:
        if not head.expects_continue:
            reader.drop_body(DROPPED_MAX_BYTES)
        status, headers, body = self._access.refused(head, reason)
        send_last(self._socket, answer_writer.plain(status, headers, b"" if head.method == "HEAD" else body))
