import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest

from localstack_plugin.persistence.graph.document import DocumentError, UnknownValueError
from localstack_plugin.persistence.histories import EventShape, history_text, read_history

NOW = datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)


class Kind(StrEnum):
    STARTED = "ExecutionStarted"


SHAPE = EventShape(frozenset({"id", "previousEventId", "type", "timestamp", "executionStartedEventDetails"}), Kind)


def event(**fields: Any) -> dict[str, Any]:
    details = {"input": '{"text":"\ud800 é"}', "inputDetails": {"truncated": False}}
    started = {"id": 1, "previousEventId": 0, "type": Kind.STARTED, "timestamp": NOW}
    return started | {"executionStartedEventDetails": details} | fields


def written(**fields: Any) -> str:
    return json.dumps([event(timestamp=NOW.isoformat()) | fields])


def test_a_history_comes_back_equal_with_its_types() -> None:
    history = [event(), event(id=2, previousEventId=1)]
    events = read_history(history_text(history, SHAPE), SHAPE)
    assert events == history
    assert events[0]["type"] is Kind.STARTED
    assert events[1]["timestamp"].tzinfo is UTC


@pytest.mark.parametrize("fields", [{"unknown": 1}, {"executionStartedEventDetails": object()}, {"timestamp": None}])
def test_what_is_not_of_a_history_is_an_error_while_writing(fields: dict[str, Any]) -> None:
    with pytest.raises(UnknownValueError, match="cannot be written"):
        history_text([event(**fields)], SHAPE)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": 2},
        {"id": True},
        {"previousEventId": "0"},
        {"type": "os.system"},
        {"type": []},
        {"timestamp": "soon"},
        {"timestamp": "2026-01-02T03:04:05"},
        {"timestamp": 0},
        {"unknown": {}},
        {"executionStartedEventDetails": []},
    ],
)
def test_an_event_that_is_made_up_is_refused(fields: dict[str, Any]) -> None:
    assert read_history(written(), SHAPE)
    with pytest.raises(DocumentError, match="damaged"):
        read_history(written(**fields), SHAPE)


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize("text", [None, [], "", "[", "1", "[1]", "[[]]", "[{}]", "[" * 100_000])
def test_a_text_that_is_no_history_is_refused(text: Any) -> None:
    with pytest.raises(DocumentError):
        read_history(text, SHAPE)
