"""The requests that the guard lets through to a server on this machine."""

from __future__ import annotations

import tracemalloc

import pytest

from safety.request_guard import RequestGuard

HOST = ("Host", "127.0.0.1:4566")
FOREIGN = ("Origin", "http://evil.example")


def refusal(*headers: tuple[str, str], method: str = "POST", target: str = "/") -> str | None:
    guard = RequestGuard(
        ["localstack", "Box.lan.", "GPU-BOX"], ["https://notebook.example", "http://LAB.X", "http://Lab.example/"], True
    )
    return guard.refusal(method, target, headers)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:4566",
        "127.8.9.10",
        "localhost:4570",
        "LOCALHOST",
        "localhost.:4566",
        "[::1]:4566",
        "localhost.localstack.cloud:4566",
        "bucket.s3.us-east-1.localhost.localstack.cloud:4566",
        "bucket.localhost:4566",
        "localstack:4566",
        "LocalStack",
        "box.lan:4566",
        "gpu-box",
        "localhost:65535",
        " localhost\t",
    ],
)
def test_a_name_of_this_machine_is_accepted(host: str) -> None:
    assert refusal(("Host", host)) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:4570",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "notlocalhost",
        "evil.example@127.0.0.1",
        "0.0.0.0:4566",
        "192.168.1.5:4566",
        "127.0.0.1:x",
        "sagemaker",
        "",
        "[::1",
    ],
)
def test_a_foreign_host_is_refused_and_the_setting_named(host: str) -> None:
    assert "SCONES_ALLOWED_HOSTS" in (refusal(("Host", host)) or "")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example .localhost",  # a folded header, unfolded by the server
        "evil.example\t.localhost",
        "evil.example\x00.localhost",
        "evil.example,localhost",
        "evil.example/.localhost",
        "evil.example#.localhost",
        "evil.example?.localhost",
        "evil.example\\.localhost",
        "localhost..",
        "localhost:65536",
        "localhost:80:80",
        "localhost:+80",
        "[::1%eth0]:4570",
        "[::1%25eth0]:4570",
        "[::ffff:192.0.2.1]",
        "[localhost]",
        "::1",
        "localho\u017ft",  # becomes an s in lower case
        "localhost.localstac\u212a.cloud",  # becomes a k in lower case
        "\x0blocalhost",
        "Xlocalhost",
        "127.0.0.1\u3002evil.example",
        "\u24db\u24deocalhost",
        "xn--localhost",
        "2130706433",
        "0x7f.1",
        "*",
    ],
)
def test_a_host_that_servers_could_read_differently_is_refused(host: str) -> None:
    assert refusal(("Host", host))


def test_several_host_headers_are_refused() -> None:
    assert refusal(HOST, ("host", "evil.example"))
    assert refusal(HOST, ("host", "localhost"))
    assert refusal(HOST, ("Host ", "evil.example"))


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example/",
        "HTTP://evil.example/x",
        "http://localhost@evil.example/",
        "http:///",
        "http://",
        "evil.example:443",
        "ftp://127.0.0.1/",
        "",
        "*",
        "\\\\evil.example",
    ],
)
def test_a_target_that_names_another_host_is_refused(target: str) -> None:
    assert refusal(HOST, target=target)
    assert refusal(target=target)


def test_a_target_may_name_this_machine() -> None:
    assert refusal(HOST, target="http://127.0.0.1:4566/bucket") is None
    assert refusal(HOST, target="*", method="OPTIONS") is None
    assert refusal(("Host", "evil.example"), target="http://127.0.0.1:4566/")


@pytest.mark.parametrize(
    "header",
    [
        ("X-Forwarded-Host", "localhost"),
        ("Forwarded", "host=localhost"),
        ("X-Original-Host", "localhost"),
        ("X-HTTP-Method-Override", "OPTIONS"),
    ],
)
def test_headers_of_proxies_do_not_excuse_a_foreign_host(header: tuple[str, str]) -> None:
    assert refusal(header, ("Host", "evil.example"))


def test_headers_of_proxies_change_nothing_for_an_own_host() -> None:
    assert refusal(HOST, ("X-Forwarded-Host", "evil.example")) is None


def test_a_request_without_a_host_header_is_accepted() -> None:
    assert refusal() is None


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "http://127.0.0.1:8888",
        "https://app.localhost",
        "http://[::1]:80",
        "https://notebook.example",
        "https://Notebook.example/",
        "http://lab.x",
        "http://lab.example",
        " http://localhost/",
    ],
)
def test_pages_of_this_machine_and_allowed_pages_are_accepted(origin: str) -> None:
    assert refusal(HOST, ("Origin", origin), ("Sec-Fetch-Site", "cross-site")) is None
    assert refusal(HOST, ("Origin", origin), method="GET", target="/?Action=ListQueues") is None


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "file://",
        "https://localhost.evil.example",
        "http://notebook.example",
        "chrome-extension://localhost",
        "http://localhost@evil.example",
        "http://evil.example#http://localhost",
        "http://localhost, http://evil.example",
        "http://localhost http://evil.example",
        "http://localhost/path",
        "http://localhost.localstack.cloud:4566",  # public DNS decides who serves it
        "http://x.localhost.localstack.cloud",
        "http://localho\u017ft",
        "\x0bhttp://localhost",
        "Xhttp://localhost",
        "https://notebook.exampleX",
        "",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PUT", "DELETE"])
def test_a_foreign_origin_is_refused_for_every_method(origin: str, method: str) -> None:
    assert "SCONES_ALLOWED_ORIGINS" in (refusal(HOST, ("Origin", origin), method=method) or "")


def test_one_foreign_origin_among_several_is_enough() -> None:
    assert refusal(HOST, ("Origin", "http://localhost"), FOREIGN)
    assert refusal(HOST, ("Origin", "http://localhost"), ("Referer", "http://evil.example/"))


def test_only_a_foreign_referer_is_refused() -> None:
    assert "origin 'http://evil.example'." in (refusal(HOST, ("Referer", "http://evil.example/localhost?x#y")) or "")
    assert "origin 'localhost'." in (refusal(HOST, ("Referer", "localhost")) or "")
    assert refusal(HOST, ("Referer", "http://localhost/?next=http://evil.example")) is None
    assert refusal(HOST, ("Referer", "http://localhost:3000/page?x=1"), ("Sec-Fetch-Site", "cross-site")) is None


def test_a_cross_site_request_without_origin_is_refused() -> None:
    assert refusal(HOST, ("Sec-Fetch-Site", "cross-site"), method="GET", target="/bucket/key")
    assert refusal(HOST, ("sec-fetch-site", " Cross-Site "), method="GET")
    assert refusal(HOST, ("Sec-Fetch-Site", "none"), method="GET") is None


@pytest.mark.parametrize(
    "target",
    [
        "/?Action=SendMessage",
        "/queue?x=1&action=SendMessage",
        "/?%41ction=X",
        "/?a=1;Action=X",
        "/?Action=",
        "/?Action",
        "/?Action=X?y",
        "/?x#Action=X",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_get_with_an_action_needs_a_header_that_pages_cannot_send(target: str, method: str) -> None:
    assert refusal(HOST, method=method, target=target)
    assert refusal(HOST, ("Authorization", "AWS4-HMAC-SHA256 …"), method=method, target=target) is None
    assert refusal(HOST, method="POST", target=target) is None


@pytest.mark.parametrize("target", ["/", "/bucket/Action=1", "/bucket?list-type=2&prefix=Action", "/?x=Action=1"])
def test_other_gets_need_no_signature(target: str) -> None:
    assert refusal(HOST, method="GET", target=target) is None


def test_a_page_under_the_public_name_loads_its_own_files_and_does_nothing_else() -> None:
    site = "bucket.s3-website.localhost.localstack.cloud:4566"
    host, referer = ("Host", site), ("Referer", f"http://{site}/index.html")
    assert refusal(host, referer, method="GET", target="/picture.png") is None
    assert refusal(host, referer, method="POST")
    assert refusal(host, referer, ("Origin", f"http://{site}"), method="GET")
    assert refusal(HOST, referer, method="GET")
    signed = ("Authorization", "AWS4-HMAC-SHA256")
    assert refusal(host, referer, signed, method="GET", target="/?Action=SendMessage")
    assert refusal(host, signed, method="GET", target="/?Action=SendMessage")


def test_a_server_without_the_public_name_is_not_called_by_it() -> None:
    """An image without traces could take an invocation from a Runtime API under that name."""
    host = ("Host", "localhost.localstack.cloud:1234")
    assert RequestGuard().refusal("GET", "/2018-06-01/runtime/invocation/next", [host])
    assert RequestGuard(["localhost.localstack.cloud"]).refusal("GET", "/", [host]) is None


def test_long_headers_are_judged_without_being_kept() -> None:
    assert refusal(HOST, ("Referer", "http://localhost/" + "x" * 100_000)) is None
    assert refusal(HOST, ("Origin", "http://evil.example/" + "x" * 100_000))


def test_a_long_host_is_cut_in_the_message() -> None:
    assert len(refusal(("Host", "x" * 100_000)) or "") < 400


def test_a_target_may_repeat_the_host_in_another_case() -> None:
    assert refusal(("Host", "LocalStack"), target="http://localstack/") is None


@pytest.mark.parametrize(
    ("headers", "target", "text"),
    [
        ([HOST, ("Host", "localhost")], "/", "Refused: the request names several hosts."),
        (
            [HOST],
            "/?Action=X",
            "Refused: any web page can send a GET request with an Action. Send it as POST; or send it to 127.0.0.1 "
            "with an Authorization header.",
        ),
        (
            [HOST, ("Sec-Fetch-Site", "cross-site")],
            "/",
            "Refused: the request comes from a web page of another site, origin 'unknown (Sec-Fetch-Site: "
            "cross-site)'. If the page is yours, add its origin to SCONES_ALLOWED_ORIGINS and restart the local cloud.",
        ),
        (
            [("Host", "evil.example")],
            "/",
            "Refused: the Host header 'evil.example' does not name this machine. If the name is yours, add it to "
            "SCONES_ALLOWED_HOSTS and restart the local cloud.",
        ),
    ],
)
def test_a_refusal_says_why_and_what_to_do(headers: list[tuple[str, str]], target: str, text: str) -> None:
    assert refusal(*headers, method="GET", target=target) == text


@pytest.mark.parametrize(
    "headers",
    [
        [[HOST, ("Referer", f"http://localhost:{port}/{'x' * 200_000}")] for port in range(40)],
        [[("Host", f"{number}.localhost")] for number in range(6000)],
    ],
    ids=["long headers", "many hosts"],
)
def test_verdicts_that_are_kept_take_little_memory(headers: list[list[tuple[str, str]]]) -> None:
    guard = RequestGuard()
    tracemalloc.start()
    try:
        for sent in headers:
            # copies, so that the memory of what is kept counts
            assert guard.refusal("POST", "/", [(name, "".join(list(value))) for name, value in sent]) is None
        assert tracemalloc.get_traced_memory()[0] < 1 << 20
    finally:
        tracemalloc.stop()
