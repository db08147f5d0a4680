"""Access to the console is limited to its own pages, on this machine."""

from __future__ import annotations

import pytest
from tests.unit.console.conftest import Open

OWN = {"Sec_Fetch_Site": "same-origin"}
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Key": "x", "Sec_WebSocket_Version": "13"}


def test_a_person_who_types_the_address_gets_the_page(open_console: Open) -> None:
    assert open_console().get("/", Sec_Fetch_Site="none", Sec_Fetch_Mode="navigate").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:4580"},
        {"Origin": "https://evil.example"},
        {"Referer": "https://evil.example/page"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"},
    ],
    ids=str,
)
def test_a_page_of_another_site_gets_nothing(open_console: Open, headers: dict[str, str]) -> None:
    console = open_console()
    for path in ("/", "/static/x/console.css", "/objects/images/a.png"):
        assert console.get(path, **headers).status == 403
    assert console.get("/", Accept="text/event-stream", **headers).status == 403
    assert console.session.calls == []


@pytest.mark.parametrize("headers", [{}, OWN, {"Origin": "https://evil.example"}], ids=str)
def test_a_websocket_is_refused_whoever_asks(open_console: Open, headers: dict[str, str]) -> None:
    assert open_console().get("/", **UPGRADE, **headers).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "http://localhost:3000", "Sec_Fetch_Site": "same-site"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
    ],
    ids=str,
)
def test_only_a_page_of_the_console_itself_makes_changes(open_console: Open, headers: dict[str, str]) -> None:
    console = open_console()
    assert console.post("/training-jobs/bikes/stop", **headers).status == 403
    assert console.session.calls == []


def test_pages_may_load_nothing_from_elsewhere_and_not_be_framed(open_console: Open) -> None:
    policy = open_console().get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
