"""Sessions are forgotten when they have expired, and the oldest when there are too many."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sagemaker_emulator.hosting.deployments import Deployment
from sagemaker_emulator.invocation import sessions as module
from sagemaker_emulator.invocation.sessions import NEW_HEADER, NEW_SESSION, Sessions
from sagemaker_emulator.wire import AwsError

DEPLOYMENT = Deployment("endpoint", None, None, {})


def begin(sessions: Sessions, name: str, year: int = 2099) -> None:
    variant = SimpleNamespace(name="AllTraffic", launcher=None)
    headers = {NEW_HEADER: f"{name}; Expires={year}-01-01T00:00:00Z"}
    exchange: Any = SimpleNamespace(headers=headers, variant=variant, instance=SimpleNamespace(is_ready=True))
    assert sessions.follow(DEPLOYMENT, exchange, NEW_SESSION) == {"NewSessionId": headers[NEW_HEADER]}


def exists(sessions: Sessions, name: str) -> bool:
    try:
        return sessions.route(DEPLOYMENT, name) is not DEPLOYMENT
    except AwsError:
        return False


def test_the_expired_and_then_the_oldest_sessions_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SESSIONS_MAX", 3)
    sessions = Sessions()
    begin(sessions, "oldest")
    begin(sessions, "expired", 2000)
    begin(sessions, "young")
    begin(sessions, "younger")
    assert [exists(sessions, name) for name in ("oldest", "expired", "young", "younger")] == [True, False, True, True]
    begin(sessions, "youngest")
    assert [exists(sessions, name) for name in ("oldest", "young", "youngest")] == [False, True, True]


def test_a_header_in_an_answer_that_was_asked_for_no_session_begins_none() -> None:
    sessions = Sessions()
    exchange: Any = SimpleNamespace(headers={NEW_HEADER: "a; Expires=2099-01-01T00:00:00Z"})
    assert sessions.follow(DEPLOYMENT, exchange, None) == {}
    assert not exists(sessions, "a")
