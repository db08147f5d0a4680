"""HTTP to containers, byte by byte: which answers are accepted, and which connections are used again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from sagemaker_emulator.invocation import container_http
from sagemaker_emulator.invocation.container_http import BrokenAnswer, CannotConnect, Connections

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
DEADLINE_S = 120.0
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Container:
    """Answers each request of a connection with the next of `answers`; None closes it."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers, self.connections, self.requests = list(answers), 0, list[bytes]()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0)
                if answer is None:
                    break
                writer.write(answer)
        except asyncio.IncompleteReadError:
            pass


@asynccontextmanager
async def listening(conversation: Conversation) -> AsyncIterator[str]:
    """Listen and yield the URL; at the end every conversation is over and its socket is closed."""
    conversations: list[asyncio.Task[None]] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await conversation(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append(asyncio.ensure_future(converse(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/invocations"
        finally:
            await asyncio.gather(*conversations)


@asynccontextmanager
async def kept() -> AsyncIterator[Connections]:
    connections = Connections()
    try:
        yield connections
    finally:
        connections.close()


async def ask(container: Container, times: int = 1, timeout_s: float = DEADLINE_S) -> list[tuple[int, bytes]]:
    answers = []
    async with listening(container.converse) as url, kept() as connections:
        for _ in range(times):
            connection = await connections.post(url, {"X-Name": "value"}, b"body", timeout_s)
            try:
                answers.append((connection.status, await connection.read(1 << 20)))
            finally:
                connection.release()
    return answers


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        (WHOLE, (200, b"hi")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3\r\n yo\r\n0\r\n\r\n", (200, b"hi yo")),
        (b"HTTP/1.0 500 Broken\r\n\r\nuntil the end", (500, b"until the end")),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE, (200, b"hi")),
        (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b"")),
    ],
    ids=["length", "chunked", "until-it-closes", "continue-first", "no-content"],
)
def test_an_answer_is_read_as_http_defines_it(answer: bytes, read: tuple[int, bytes]) -> None:
    assert asyncio.run(ask(Container(answer))) == [read]


def test_a_connection_is_reused() -> None:
    container = Container(WHOLE, WHOLE, WHOLE)
    assert asyncio.run(ask(container, times=3)) == [(200, b"hi")] * 3
    assert container.connections == 1


def test_the_container_gets_the_whole_request() -> None:
    container = Container(WHOLE)
    asyncio.run(ask(container))
    head, _, body = container.requests[0].partition(b"\r\n\r\n")
    assert body == b"body"
    assert head.startswith(b"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1:")
    assert {b"X-Name: value", b"Content-Length: 4"} < set(head.split(b"\r\n"))


def test_a_connection_closed_by_the_container_is_not_reused() -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
    container = Container(closing, WHOLE)
    assert asyncio.run(ask(container, times=2)) == [(200, b"hi")] * 2
    assert container.connections == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "closed the connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", "before the end"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n", "head"),
    ],
    ids=["nothing", "half", "another-protocol", "endless-head"],
)
def test_a_broken_answer_is_reported_with_the_reason(answer: bytes | None, reason: str) -> None:
    with pytest.raises(BrokenAnswer, match=reason):
        asyncio.run(ask(Container(answer)))


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"], ids=["head", "body"])
def test_the_timeout_covers_head_and_body_of_the_answer(answer: bytes) -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(ask(Container(answer, WHOLE), timeout_s=0.1))


def test_a_refused_connection_is_distinguished_from_a_broken_answer() -> None:
    async def nobody() -> None:
        async with listening(Container().converse) as url:
            pass
        await Connections().post(url, {}, b"", DEADLINE_S)

    with pytest.raises(CannotConnect):
        asyncio.run(nobody())


def test_an_unread_stream_is_held_back_in_the_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container_http, "UNREAD_MAX_BYTES", 1 << 16)
    size_bytes = 32 << 20
    written = 0

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size_bytes)
        while written < size_bytes:
            writer.write(b"x" * (1 << 16))
            written += 1 << 16
            await writer.drain()

    async def read_late() -> int:
        async with listening(stream) as url:
            connection = await Connections().post(url, {}, b"", DEADLINE_S)
            before = -1
            while before < written:  # until the sockets between the two are full
                before = written
                await asyncio.sleep(0.1)
            assert written < size_bytes
            read = sum([len(chunk) async for chunk in connection.chunks()])
            connection.close()
            return read

    assert asyncio.run(read_late()) == size_bytes


def test_a_whole_file_is_sent(tmp_path: Path) -> None:
    content = bytes(range(256)) * (1 << 14)
    (tmp_path / "payload").write_bytes(content)
    container = Container(WHOLE)

    async def send() -> None:
        async with listening(container.converse) as url:
            with (tmp_path / "payload").open("rb") as body:
                connection = await Connections().post(url, {}, body, DEADLINE_S)
            assert await connection.read(1 << 20) == b"hi"
            connection.close()

    asyncio.run(send())
    assert container.requests[0].endswith(content)


def test_an_early_answer_stops_the_upload_of_a_file(tmp_path: Path) -> None:
    with (tmp_path / "payload").open("wb") as file:
        file.truncate(256 << 20)
    is_over = asyncio.Event()
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(refusal)
        await is_over.wait()

    async def send() -> int:
        async with listening(refuse) as url:
            with (tmp_path / "payload").open("rb") as body:
                connection = await Connections().post(url, {}, body, DEADLINE_S)
            connection.release()
            is_over.set()
            return connection.status

    assert asyncio.run(send()) == 413
