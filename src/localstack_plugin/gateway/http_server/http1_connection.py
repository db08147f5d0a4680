"""A connection of HTTP/1: each request is read, judged and answered before the next is read.

Its thread does all this, but for quick requests: from the first to the last of several in a row, the event loop does,
and the thread waits. An answer with parts that are still to be fetched, such as a file's, is sent by another thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from functools import partial

from localstack_plugin.event_loop.waits import give_way, in_a_thread, on_the_loop
from localstack_plugin.gateway.http_server import answer_writer
from localstack_plugin.gateway.http_server.access import ConnectionAccess
from localstack_plugin.gateway.http_server.connection_socket import ConnectionSocket
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
        self,
        connection: ConnectionSocket,
        peer: Address,
        own: Address,
        application: Application,
        access: ConnectionAccess,
        is_quick: Callable[[RequestHead], bool],
    ) -> None:
        self._socket, self._peer, self._own = connection, peer, own
        self._application, self._access, self._is_quick = application, access, is_quick

    def serve(self, received: bytes) -> None:
        """Serve until the client leaves, or a request or an answer ends the connection. It has sent `received`."""
        reader = RequestReader(self._socket, received)
        try:
            head: RequestHead | None = reader.head()
            self._access.judge_peer()  # not on the event loop, which would wait for the kernel
            while head is not None:
                if self._is_quick(head):
                    head = on_the_loop(partial(self._serve_quick, head, reader))
                else:
                    head = self._serve_one(head, reader)
        except MalformedRequestError:
            send_last(self._socket, answer_writer.MALFORMED)
        except Disconnected:
            pass

    def _serve_quick(self, head: RequestHead, reader: RequestReader) -> RequestHead | None:
        """On the event loop: answer quick requests. Return the first head of another, or None at the end."""
        following: RequestHead | None = head
        while following is not None and self._is_quick(following):
            following = self._serve_one(following, reader)
            give_way()  # the client may have sent many at once, and would keep all others waiting
        return following

    def _serve_one(self, head: RequestHead, reader: RequestReader) -> RequestHead | None:
        """Answer a request, and return the next head, or None at the end."""
        return reader.head() if self._answer(head, reader) else None

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
                request = Request(head, body, self._peer, self._own)
                with closing(self._application(request)) as answer:
                    write = partial(answer_writer.write, self._socket, head, answer)
                    return write() if answer.is_at_hand else in_a_thread(write)
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
