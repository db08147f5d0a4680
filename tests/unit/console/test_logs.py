"""The end of a log stream: its last lines, and what is added to it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.console.doubles import NOW, Session, error

from console.aws.client import Aws
from console.aws.logs import EVENTS_PER_PAGE, KEPT_LINES, PAGES_AT_ONCE, Tails, groups, start_of
from console.errors import ConsoleError

LONG = EVENTS_PER_PAGE * PAGES_AT_ONCE + 1000
STAMP = int(NOW.timestamp() * 1000)


def stream_of(lines: list[str]) -> Session:
    """Return an AWS with one stream, whose tokens are line numbers."""

    def events(startFromHead: bool, limit: int, nextToken: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803
        start = int(nextToken) if nextToken else 0 if startFromHead else max(0, len(lines) - limit)
        page = [{"timestamp": STAMP, "message": line} for line in lines[start : start + limit]]
        return {"events": page, "nextForwardToken": str(start + len(page)), "nextBackwardToken": str(start)}

    streams = {"logStreams": [{"logStreamName": "main", "lastEventTimestamp": STAMP}]}
    return Session({"logs.describe_log_streams": streams, "logs.get_log_events": events})


def last_of(tails: Tails, session: Session) -> list[str]:
    aws = Aws(session)
    try:
        return [line.text for line in asyncio.run(tails.last_lines(aws, "group", "main"))]
    finally:
        aws.close()


def test_the_last_lines_of_a_long_stream_are_its_last() -> None:
    session = stream_of([f"line {n}" for n in range(LONG)])
    assert last_of(Tails(), session) == [f"line {n}" for n in range(LONG - KEPT_LINES, LONG)]
    assert len(session.asked("logs.get_log_events")) == 1


def test_the_first_lines_of_a_long_stream_are_its_first() -> None:
    aws = Aws(stream_of([f"line {n}" for n in range(LONG)]))
    try:
        first = asyncio.run(start_of(aws, "group", "main"))
    finally:
        aws.close()
    assert [line.text for line in first] == [f"line {n}" for n in range(KEPT_LINES)]


def test_only_new_lines_are_read_after_the_first_time() -> None:
    lines = [f"line {n}" for n in range(5000)]
    session, tails = stream_of(lines), Tails()
    last_of(tails, session)
    lines += ["new"]
    assert last_of(tails, session)[-2:] == ["line 4999", "new"]
    assert [request.get("nextToken") for request in session.asked("logs.get_log_events")] == [None, "5000", "5001"]


def test_a_tail_that_fell_far_behind_begins_at_the_end_again() -> None:
    lines = ["first"]
    session, tails = stream_of(lines), Tails()
    last_of(tails, session)
    lines += [f"line {n}" for n in range(LONG)]
    assert last_of(tails, session)[-1] == f"line {LONG - 1}"


def test_a_stream_that_was_created_again_is_read_from_its_own_end() -> None:
    lines = [f"line {n}" for n in range(10)]
    session, tails = stream_of(lines), Tails()
    last_of(tails, session)
    answered = session.answers["logs.get_log_events"]
    session.answers["logs.get_log_events"] = lambda **request: (
        error("InvalidParameterException", "The specified nextToken is invalid.")
        if "nextToken" in request
        else answered(**request)
    )
    lines[:] = ["other"]
    with pytest.raises(ConsoleError):
        last_of(tails, session)
    assert last_of(tails, session) == ["other"]


def test_all_log_groups_are_listed() -> None:
    names = [f"group-{n:03}" for n in range(120)]

    def page(limit: int, nextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        rows = [{"logGroupName": name, "storedBytes": 1} for name in names[int(nextToken) : int(nextToken) + limit]]
        following = int(nextToken) + limit
        return {"logGroups": rows, **({"nextToken": str(following)} if following < len(names) else {})}

    aws = Aws(Session({"logs.describe_log_groups": page}))
    try:
        assert [group.name for group in asyncio.run(groups(aws))] == names
    finally:
        aws.close()
