from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from localstack_plugin.gateway.http_server.messages import Headers, Request, RequestHead
from localstack_plugin.gateway.http_server.wsgi_environment import environment

HEADERS = [("Host", "localhost:4566"), ("content-type", "text/plain"), ("X-A", "1"), ("X-A", "2")]


def of(target: str, headers: Headers = HEADERS) -> dict[str, Any]:
    head = RequestHead("PUT", target, "HTTP/1.1", headers, keeps_open=True)
    return environment(Request(head, BytesIO(b"hi"), ("127.0.0.1", 50000), ("127.0.0.2", 4566)))


def test_it_has_the_request_and_both_addresses() -> None:
    environ = of("/bucket/key?list-type=2&a=%20")
    assert {name: environ[name] for name in ("REQUEST_METHOD", "SERVER_PROTOCOL", "wsgi.url_scheme")} == {
        "REQUEST_METHOD": "PUT",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
    }
    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == ("127.0.0.1", "50000")
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("localhost", "4566")
    assert (environ["QUERY_STRING"], environ["CONTENT_TYPE"]) == ("list-type=2&a=%20", "text/plain")
    assert environ["wsgi.input"].read() == b"hi"
    assert environ["wsgi.input_terminated"]


def test_headers_of_one_name_are_one_list() -> None:
    assert of("/")["HTTP_X_A"] == "1,2"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/", "/"),
        ("/a%20b%2Fc", "/a b/c"),
        ("/%C3%A9", "/\u00c3\u00a9"),
        ("//a//b", "//a//b"),
        ("*", "*"),
        ("http://localhost:4566/a%20b?c=d", "/a b"),
        ("http://localhost:4566", "/"),
        ("http://localhost:4566?c=d", "/"),
    ],
)
def test_the_path_is_decoded_and_the_target_kept(target: str, path: str) -> None:
    environ = of(target)
    assert (environ["PATH_INFO"], environ["RAW_URI"], environ["REQUEST_URI"]) == (path, target, target)


@pytest.mark.parametrize(
    ("host", "name"), [("[::1]:4566", "::1"), ("localhost", "localhost"), ("127.0.0.1:1", "127.0.0.1")]
)
def test_the_servers_name_is_the_hosts(host: str, name: str) -> None:
    assert of("/", [("Host", host)])["SERVER_NAME"] == name


def test_without_a_host_it_is_the_address() -> None:
    assert of("/", [])["SERVER_NAME"] == "127.0.0.2"
