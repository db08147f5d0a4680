import asyncio

import pytest

from localstack_plugin.lambda_executor.runtime_api.api import MAX_RESPONSE_BYTES
from localstack_plugin.lambda_executor.runtime_api.http_messages import BODY_LIMIT_BYTES, Request, read_request

HEAD_LIMIT_BYTES = 1024


def read(content: bytes, requests: int = 1) -> list[Request | None]:
    async def read_all() -> list[Request | None]:
        reader = asyncio.StreamReader(limit=HEAD_LIMIT_BYTES)
        reader.feed_data(content)
        reader.feed_eof()
        return [await read_request(reader) for _ in range(requests)]

    return asyncio.run(read_all())


def test_requests_of_one_connection_are_read_one_after_the_other() -> None:
    first, second, end = read(b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiGET /b HTTP/1.1\r\n\r\n", requests=3)
    assert first == Request("POST", "/a", {"content-length": "2"}, b"hi")
    assert second == Request("GET", "/b", {}, b"")
    assert end is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1 and more\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: two\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -2\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nCause: " + b"x" * HEAD_LIMIT_BYTES + b"\r\n\r\n",
    ],
)
def test_a_malformed_request_ends_the_connection(content: bytes) -> None:
    assert read(content) == [None]


def test_a_body_beyond_the_limit_is_cut_and_the_next_request_is_read() -> None:
    length = BODY_LIMIT_BYTES + 100_000
    head = f"POST /a HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode()
    large, following = read(head + b"x" * length + b"GET /b HTTP/1.1\r\n\r\n", requests=2)
    assert large
    assert MAX_RESPONSE_BYTES < len(large.body) == BODY_LIMIT_BYTES
    assert following
    assert following.path == "/b"
