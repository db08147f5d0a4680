from collections.abc import Callable

import pytest

from localstack_plugin.lambda_executor.runtime_api.http_messages import (
    BODY_LIMIT_BYTES,
    MalformedRequestError,
    Request,
    RequestReader,
)
from localstack_plugin.lambda_executor.runtime_api.invocations import MAX_RESPONSE_BYTES

HEAD_LIMIT_BYTES = 1024
Read = Callable[[bytes], list[Request]]


@pytest.fixture(params=[1 << 30, 1, 7], ids=["at once", "byte by byte", "in sevens"])
def read(request: pytest.FixtureRequest) -> Read:
    """Read the requests of a connection, whose bytes arrive in pieces."""

    def read_all(content: bytes) -> list[Request]:
        reader = RequestReader(HEAD_LIMIT_BYTES)
        requests = list[Request]()
        for start in range(0, len(content), request.param):
            reader.feed(content[start : start + request.param])
            requests += reader.requests()
        return requests

    return read_all


def test_requests_of_one_connection_are_read_one_after_the_other(read: Read) -> None:
    assert read(b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiGET /b HTTP/1.1\r\n\r\n") == [
        Request("POST", "/a", {"content-length": "2"}, b"hi"),
        Request("GET", "/b", {}, b""),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1 and more\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: two\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -2\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nCause: " + b"x" * HEAD_LIMIT_BYTES + b"\r\n\r\n",
        b"x" * (HEAD_LIMIT_BYTES + 8),
    ],
)
def test_a_malformed_request_cannot_be_read(read: Read, content: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        read(content)


@pytest.mark.parametrize("content", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\nh"])
def test_a_request_is_read_when_all_of_it_has_arrived(read: Read, content: bytes) -> None:
    assert read(content) == []


def test_a_body_beyond_the_limit_is_cut_and_the_next_request_is_read() -> None:
    length = BODY_LIMIT_BYTES + 100_000
    content = f"POST /a HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode() + b"x" * length
    reader, requests = RequestReader(), list[Request]()
    for start in range(0, len(content), 60_000):
        reader.feed(content[start : start + 60_000])
        requests += reader.requests()
    reader.feed(b"GET /b HTTP/1.1\r\n\r\n")
    large, following = [*requests, *reader.requests()]
    assert MAX_RESPONSE_BYTES < len(large.body) == BODY_LIMIT_BYTES
    assert following.path == "/b"
