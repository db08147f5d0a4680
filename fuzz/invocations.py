"""Fuzz the server of the image-classification container with changed HTTP requests.

It must answer valid HTTP, keep giving the same answers to good requests, and lose no process. Its memory must not grow.
"""

import http.client
import io
import socket
import sys
import tempfile
from pathlib import Path

import psutil
from harness import fuzz
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import serving

DEADLINE_S, SILENCE_S, GOOD_SILENCE_S = 10.0, 0.05, 1.0
CHECK_EVERY = 500
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
ANSWERS = {200, 400, 404, 405, 406, 408, 413, 415, 417}


class Unanswered(Exception):
    """The server sent nothing until the connection was closed: it waits for more, or saw no request."""


def request(body: bytes, *headers: str, line: str = "POST /invocations HTTP/1.1") -> bytes:
    lines = [line, "Host: container", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def encoded(image_format: str) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((32, 32), 60).convert("RGB").save(buffer, image_format)
    return buffer.getvalue()


def good_requests() -> list[bytes]:
    png, jpeg = encoded("PNG"), encoded("JPEG")
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(png), png)
    chunked = request(b"", "Content-Type: image/png", "Transfer-Encoding: chunked").replace(
        b"Content-Length: 0\r\n", b""
    )
    return [
        request(png, "Content-Type: image/png"),
        request(jpeg, "Content-Type: image/jpeg", "Accept: application/jsonlines"),
        request(jpeg, "Content-Type: application/x-image", "Expect: 100-continue"),
        request(png, "Content-Type: image/png", "X-Amzn-SageMaker-Custom-Attributes: a=b", "Connection: close"),
        chunked + chunk,
        request(png, "Content-Type: image/png") * 2,
        request(b"", line="GET /ping HTTP/1.1"),
        request(b"", line="GET /execution-parameters HTTP/1.1"),
    ]


class Server:
    def __init__(self, port: int, process: psutil.Process) -> None:
        self.port, self.good = port, good_requests()
        self.processes = [process, *process.children()]
        self.answers = {message: self.answered(message, GOOD_SILENCE_S) for message in self.good}
        self.executions = 0

    def memory_bytes(self) -> int:
        return sum(process.memory_info().rss for process in self.processes)

    def attempt(self, message: bytes) -> None:
        self.executions += 1
        if self.executions % CHECK_EVERY == 0:
            for good, answer in self.answers.items():
                assert self.answered(good, GOOD_SILENCE_S) == answer, (
                    f"the answer has changed to the request {good[:300]!r}"
                )
            assert all(process.is_running() for process in self.processes), "a process of the server has ended"
        self.answered(message)

    def answered(self, message: bytes, silence_s: float = SILENCE_S) -> list[tuple[int, bytes]]:
        """Return the statuses and bodies of all answers.

        Raise Unanswered if there are none, and AssertionError if an answer is not valid HTTP.
        """
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE_S) as connection:
            received = exchanged(connection, message, silence_s).replace(CONTINUE, b"")
        if not received:
            raise Unanswered
        return parsed(received)


def exchanged(connection: socket.socket, message: bytes, silence_s: float) -> bytes:
    """Send a message and return everything that the server sends.

    After a silence the client closes its side, which the server must notice.
    """
    received = bytearray()
    try:
        connection.sendall(message)
        connection.settimeout(silence_s)
        while block := connection.recv(1 << 16):
            received += block
        return bytes(received)
    except TimeoutError:
        pass
    except ConnectionError:  # the server refused before it had read everything
        return bytes(received)
    connection.settimeout(DEADLINE_S)
    connection.shutdown(socket.SHUT_WR)
    while block := connection.recv(1 << 16):
        received += block
    return bytes(received)


class Received:
    """Received bytes in the form of a socket, for http.client."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)

    def makefile(self, mode: str) -> io.BytesIO:
        return self.file


def parsed(received: bytes) -> list[tuple[int, bytes]]:
    answers = []
    while received:
        source = Received(received)
        answer = http.client.HTTPResponse(source, method="POST")  # type: ignore[arg-type]
        try:
            answer.begin()
            length = int(answer.headers["Content-Length"])
            body = source.file.read(length)
        except (http.client.HTTPException, TypeError, ValueError) as error:
            raise AssertionError(f"not HTTP: {received[:300]!r}") from error
        assert answer.status in ANSWERS, f"{answer.status} {body[:300]!r}"
        assert len(body) == length, f"an incomplete answer: {received[:300]!r}"
        answers.append((answer.status, body))
        received = source.file.read()
    return answers


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        serving.train(Path(folder))
        with serving.served(Path(folder), serving.picture(1)) as (port, process, _):
            server = Server(port, process)
            assert {status for answers in server.answers.values() for status, _ in answers} == {200}
            fuzz("invocations", server.good, server.attempt, Unanswered, server.memory_bytes)


if __name__ == "__main__":
    main()
