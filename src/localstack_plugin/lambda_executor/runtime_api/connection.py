"""A connection to the Runtime API of one function process.

The event loop's thread reads and answers its requests. Only the answer to a request for work is sent by another thread,
that of the invocation: waking the loop for it would take longer than sending it.
"""

import asyncio
import json
import logging
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus

from localstack_plugin.lambda_executor.runtime_api.http_messages import Request, RequestReader, Response
from safety.peer_owner import PeerGuard, peer_of
from safety.refusals import RefusalLog
from safety.request_guard import RequestGuard

GUARD = RequestGuard()
"""Without the settings' names: the one client is the function's process, which uses the address."""
PEERS = PeerGuard()
REFUSALS = RefusalLog(logging.getLogger(__name__))


class Connection(asyncio.Protocol):
    """`answer` returns the response to a request, or None if it will be sent later with `send_later`.

    Until then the client must send nothing else. `lost` is called once, when the connection is closed.
    """

    def __init__(
        self, answer: "Callable[[Request, Connection], Response | None]", lost: "Callable[[Connection], None]"
    ) -> None:
        self._answer, self._lost = answer, lost
        self._reader = RequestReader()
        self._foreign_peer: str | None = None
        self._awaits_answer = False
        self._sending = threading.Lock()
        self._socket: socket.socket | None = None
        """A second descriptor of the connection, which stays valid while another thread sends."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._loop = transport, asyncio.get_running_loop()
        connection = transport.get_extra_info("socket")
        try:
            self._foreign_peer = PEERS.refusal(*peer_of(connection))
            self._socket = connection.dup()
        except OSError:  # the client has left
            transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            if self._awaits_answer:
                raise ValueError("the client sends a request before the last one was answered")
            self._reader.feed(data)
            for request in self._reader.requests():
                if self._awaits_answer:
                    raise ValueError("the client sends a request before the last one was answered")
                self._serve(request)
        except ValueError:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        with self._sending:
            connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()
        self._lost(self)

    def abort(self) -> None:
        self._transport.abort()

    def send_later(self, response: Response) -> None:
        """Send the response that `answer` did not return. Any thread may call this, once for each such request."""
        self._awaits_answer = False  # first, because the client's next request may come while this thread returns
        content = response.to_bytes()
        with self._sending:
            sent = _sent_bytes(self._socket, content)
        if sent < len(content):
            self._loop.call_soon_threadsafe(self._transport.write, content[sent:])

    def _serve(self, request: Request) -> None:
        refused = self._foreign_peer or GUARD.refusal(request.method, request.path, request.fields)
        if refused:
            REFUSALS.add(self._transport.get_extra_info("peername")[0], refused)
            self._transport.write(refusal(HTTPStatus.FORBIDDEN, "AccessDenied", refused).to_bytes())
            raise ValueError(refused)
        self._awaits_answer = True
        response = self._answer(request, self)
        if response is not None:
            self._awaits_answer = False
            self._transport.write(response.to_bytes())


def _sent_bytes(connection: socket.socket | None, content: bytes) -> int:
    """Send as much as is possible at once. What is sent to a client that has left is lost."""
    if connection is None:
        return len(content)
    try:
        return connection.send(content)
    except BlockingIOError:
        return 0
    except OSError:
        return len(content)


def refusal(status: HTTPStatus, error_type: str, message: str) -> Response:
    return Response(status, json.dumps({"errorType": error_type, "errorMessage": message}).encode())
