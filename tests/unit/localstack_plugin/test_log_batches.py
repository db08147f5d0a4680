from dataclasses import dataclass

from localstack_plugin.lambda_logging.log_batches import (
    BYTES_AT_ONCE,
    EVENTS_AT_ONCE,
    OVERHEAD_BYTES,
    batches,
    events_by_stream,
)


@dataclass
class Log:
    log_group: str
    log_stream: str
    logs: str
    timestamp_ms: int


def test_each_line_is_an_event_of_its_stream_in_order() -> None:
    logs = [Log("g", "one", "a\n\nb\n", 1), Log("g", "two", "c", 2), Log("g", "one", "d\re\n", 3)]
    assert events_by_stream(logs) == {
        ("g", "one"): [
            {"timestamp": 1, "message": "a\n"},
            {"timestamp": 1, "message": "b\n"},
            {"timestamp": 3, "message": "d\re\n"},
        ],
        ("g", "two"): [{"timestamp": 2, "message": "c\n"}],
    }


def test_a_batch_has_at_most_as_many_events_as_a_call_takes() -> None:
    events = [{"timestamp": number, "message": "x\n"} for number in range(EVENTS_AT_ONCE + 1)]
    first, second = batches(events)
    assert (len(first), second) == (EVENTS_AT_ONCE, events[-1:])


def test_a_batch_has_at_most_as_many_bytes_as_a_call_takes() -> None:
    """A message counts in UTF-8, with AWS's overhead."""
    half = "ü" * ((BYTES_AT_ONCE // 2 - OVERHEAD_BYTES) // 2)
    fitting = [{"timestamp": 0, "message": half}] * 2
    assert list(batches(fitting)) == [fitting]
    assert [len(batch) for batch in batches([*fitting, {"timestamp": 0, "message": ""}])] == [2, 1]


def test_without_events_there_is_no_batch() -> None:
    assert list(batches([])) == []
