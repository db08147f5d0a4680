"""A connection of HTTP/2, which a client begins with its preface: the SDK for Java does so for Kinesis.

One thread reads frames, and each request is answered by a thread of its own, since the others of the connection go on
meanwhile. `h2` knows the protocol: a lock protects its state and keeps the frames in its order on the socket.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

from localstack_plugin.gateway.http_server.access import ConnectionAccess
from localstack_plugin.gateway.http_server.answer_writer import headers_of, send
from localstack_plugin.gateway.http_server.connection_socket import ConnectionSocket
from localstack_plugin.gateway.http_server.last_answer import send_last
from localstack_plugin.gateway.http_server.messages import (
    Address,
    Answer,
    Application,
    Disconnected,
    Headers,
    MalformedRequestError,
    Request,
    RequestHead,
    grouped,
)
from localstack_plugin.gateway.http_server.request_body import RequestBody
from localstack_plugin.gateway.http_server.request_reader import READ_BYTES
from localstack_plugin.gateway.http_server.time_limits import STALLED_S

log = logging.getLogger(__name__)
OF_HTTP1 = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"})
"""Headers of an answer that HTTP/2 has no place for."""


class Http2Connection:
    def __init__(
        self,
        connection: ConnectionSocket,
        peer: Address,
        own: Address,
        application: Application,
        access: ConnectionAccess,
    ) -> None:
        self._socket, self._peer, self._own = connection, peer, own
        self._application, self._access = application, access
        self._arriving: dict[int, tuple[RequestHead, RequestBody]] = {}
        """By stream. Only the reading thread uses it."""
        self._changed = threading.Condition()
        """Protects what follows. It is notified when a client takes more, or takes nothing more."""
        self._protocol = H2Connection(H2Configuration(client_side=False))
        self._answering: set[int] = set()
        """The streams whose clients have sent their requests and wait for the answers."""
        self._is_read = True

    def serve(self, received: bytes) -> None:
        """Serve until the client leaves or a request is refused. It has sent `received`."""
        try:
            with self._changed:
                self._protocol.initiate_connection()
            while received:
                self._take(received)
                received = self._receive()
        except (ProtocolError, MalformedRequestError, Disconnected):
            pass
        finally:
            for _, body in self._arriving.values():
                body.close()
            with self._changed:
                self._is_read = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: not self._answering)

    def _receive(self) -> bytes:
        while True:
            try:
                return self._socket.recv(READ_BYTES)
            except BlockingIOError:
                with self._changed:
                    if not self._answering:
                        return b""
            except OSError:
                return b""

    def _take(self, received: bytes) -> None:
        with self._changed:
            try:
                events = self._protocol.receive_data(received)
            finally:
                self._flush()  # what the protocol answers by itself, such as an error
            self._changed.notify_all()
        for event in events:
            self._handle(event)

    def _handle(self, event: Any) -> None:
        match event:
            case RequestReceived():
                self._begin(event.stream_id, _head_of(event.headers))
            case DataReceived() if event.stream_id in self._arriving:
                self._arriving[event.stream_id][1].write(event.data)
                with self._changed:
                    self._protocol.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    self._flush()
            case StreamEnded() if event.stream_id in self._arriving:
                self._begin_answer(event.stream_id, *self._arriving.pop(event.stream_id))
            case StreamReset():
                self._forget(event.stream_id)
            case ConnectionTerminated():
                raise Disconnected("the client has ended the connection")

    def _begin(self, stream: int, head: RequestHead) -> None:
        reason = self._access.refusal(head)
        if reason is not None:
            self._refuse(stream, head, reason)
        self._arriving[stream] = head, RequestBody()
        if head.expects_continue:
            with self._changed:
                self._protocol.send_headers(stream, [(":status", "100")])
                self._flush()

    def _refuse(self, stream: int, head: RequestHead, reason: str) -> None:
        status, headers, body = self._access.refused(head, reason)
        with self._changed:
            self._protocol.send_headers(stream, _fields(status, headers), end_stream=head.method == "HEAD")
            if head.method != "HEAD":
                self._protocol.send_data(stream, body, end_stream=True)
            self._protocol.close_connection(ErrorCodes.NO_ERROR)
            send_last(self._socket, self._protocol.data_to_send())
        raise Disconnected(reason)

    def _begin_answer(self, stream: int, head: RequestHead, body: RequestBody) -> None:
        with self._changed:
            self._answering.add(stream)
        arguments = stream, head, body
        try:
            threading.Thread(target=self._answer, args=arguments, name="gateway-stream", daemon=True).start()
        except RuntimeError as error:
            log.warning("a request cannot be served: %s", error)
            body.close()
            self._reset(stream, ErrorCodes.REFUSED_STREAM)
            self._forget(stream)

    def _answer(self, stream: int, head: RequestHead, body: RequestBody) -> None:
        try:
            with body.complete() as content:
                answer = self._application(Request(head, content, self._peer, self._own))
                try:
                    self._write(stream, head, answer)
                finally:
                    answer.close()
        except (Disconnected, ProtocolError):
            self._reset(stream, ErrorCodes.CANCEL)  # unless the client has done so, it would wait
        except Exception:  # the edge of a request
            log.exception("the answer to %s %s broke off", head.method, head.target)
            self._reset(stream, ErrorCodes.INTERNAL_ERROR)
        finally:
            with self._changed:
                self._answering.discard(stream)
                self._changed.notify_all()

    def _forget(self, stream: int) -> None:
        if stream in self._arriving:
            self._arriving.pop(stream)[1].close()
        with self._changed:
            self._answering.discard(stream)
            self._changed.notify_all()

    def _write(self, stream: int, head: RequestHead, answer: Answer) -> None:
        with self._changed:
            self._protocol.send_headers(stream, _fields(answer.status, headers_of(answer)))
            self._flush()
        if answer.has_body(head.method):
            for part in answer.parts:
                self._write_part(stream, memoryview(part))
        with self._changed:
            self._protocol.end_stream(stream)
            self._flush()

    def _write_part(self, stream: int, part: memoryview) -> None:
        while part:
            with self._changed:
                if not self._changed.wait_for(lambda: self._takes_bytes(stream) > 0, STALLED_S):
                    raise Disconnected("the client takes nothing more")
                taken = min(self._takes_bytes(stream), self._protocol.max_outbound_frame_size)
                self._protocol.send_data(stream, bytes(part[:taken]))
                self._flush()
            part = part[taken:]

    def _takes_bytes(self, stream: int) -> int:
        """Return how much the client takes now: less than nothing after it has made the window smaller.

        Raises ProtocolError or Disconnected when it will take nothing more.
        """
        if stream not in self._answering:
            raise Disconnected("the client has ended the stream")
        takes = int(self._protocol.local_flow_control_window(stream))
        if takes <= 0 and not self._is_read:
            raise Disconnected("the client cannot say any more that it takes more")
        return takes

    def _reset(self, stream: int, code: ErrorCodes) -> None:
        """Tell the client that no answer follows, unless it has ended the stream itself."""
        try:
            with self._changed:
                if stream in self._answering:
                    self._protocol.reset_stream(stream, code)
                    self._flush()
        except (Disconnected, ProtocolError):
            pass

    def _flush(self) -> None:
        if content := self._protocol.data_to_send():
            send(self._socket, content)


def _head_of(fields: list[tuple[bytes, bytes]]) -> RequestHead:
    """Return the head in the form of HTTP/1: the authority is its Host."""
    try:
        texts = [(name.decode("ascii"), value.decode("latin-1")) for name, value in fields]
        pseudo = dict(field for field in texts if field[0].startswith(":"))
        method, target = pseudo[":method"], pseudo[":path"].encode("latin-1").decode("ascii")
    except (KeyError, UnicodeError) as error:
        raise MalformedRequestError(str(error)) from error
    headers: Headers = [field for field in texts if not field[0].startswith(":")]
    authority = ("host", pseudo.get(":authority", ""))
    if authority[1] and authority not in headers:
        headers.insert(0, authority)
    expects_continue = ("expect", "100-continue") in headers
    return RequestHead(method, target, "HTTP/2", grouped(headers), keeps_open=True, expects_continue=expects_continue)


def _fields(status: str, headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return the fields in the bytes that HTTP/1 has for them: `h2` would write letters as UTF-8."""
    named = [(":status", status[:3]), *((name.lower(), value) for name, value in headers)]
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named if name not in OF_HTTP1]
