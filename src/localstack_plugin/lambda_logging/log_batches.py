"""The log events of invocations, by stream, in batches that PutLogEvents takes."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

EVENTS_AT_ONCE = 10_000
BYTES_AT_ONCE = 1_048_576
OVERHEAD_BYTES = 26
"""docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html: the
limits of a call, in events and in bytes, and the bytes that each event adds to its message."""

Stream = tuple[str, str]
"""Log group and log stream."""
Events = list[dict[str, Any]]


class TimedLog(Protocol):
    """The log of one invocation, and when it ended."""

    log_group: str
    log_stream: str
    logs: str
    timestamp_ms: int


def events_by_stream(logs: Iterable[TimedLog]) -> dict[Stream, Events]:
    """Return an event for each line that is not empty, in the order in which the logs came."""
    streams: dict[Stream, Events] = {}
    for log in logs:
        events = streams.setdefault((log.log_group, log.log_stream), [])
        events += [{"timestamp": log.timestamp_ms, "message": f"{line}\n"} for line in log.logs.split("\n") if line]
    return streams


def batches(events: Events) -> Iterator[Events]:
    """Yield the events in as few calls of PutLogEvents as its limits allow.

    One event is never too large: the function's own limits bound a line.
    """
    batch: Events = []
    size_bytes = 0
    for event in events:
        event_bytes = len(event["message"].encode()) + OVERHEAD_BYTES
        if batch and (len(batch) == EVENTS_AT_ONCE or size_bytes + event_bytes > BYTES_AT_ONCE):
            yield batch
            batch, size_bytes = [], 0
        batch.append(event)
        size_bytes += event_bytes
    if batch:
        yield batch
