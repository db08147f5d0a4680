"""The log events in moto's streams, which are saved apart from the document of Logs (`log_lines.py`)."""

from collections.abc import Mapping
from typing import Any

from moto.logs.models import LogEvent, LogStream, logs_backends

from localstack_plugin.persistence.log_lines import Key, LoadedEvents, LogProgress, Row
from localstack_plugin.replacing import replace

EVENTS = "events"


def streams() -> dict[Key, LogStream]:
    return {
        (account, region, group.name, stream.log_stream_name): stream
        for account, regions in list(logs_backends.items())
        for region, backend in list(regions.items())
        for group in list(backend.groups.values())
        for stream in list(group.streams.values())
    }


def without_events(value: Any, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the attributes that an object has in the document of Logs."""
    if isinstance(value, LogStream):
        return {name: each for name, each in attributes.items() if name != EVENTS}
    return attributes


def restore(loaded: LoadedEvents) -> LogProgress:
    """Put the events into their streams, and number the next event after them.

    The streams of a state of format 2 have their events already, and the next save appends them to a file.
    """
    by_stream: dict[Any, int] = {}
    for key, stream in streams().items():
        if key in loaded.rows:
            vars(stream)[EVENTS] = [_event(row) for row in loaded.rows[key]]
            by_stream[stream] = len(stream.events)
        vars(stream).setdefault(EVENTS, [])
    replace(
        "moto.logs.models:LogEvent._event_id",
        by=max((event.event_id for stream in streams().values() for event in stream.events), default=-1) + 1,
        why="LocalStack numbers log events from 0. After a start the numbers continue after those of the loaded "
        "events.",
    )
    return LogProgress(by_stream, loaded.in_file)


def _event(row: Row) -> LogEvent:
    event: LogEvent = object.__new__(LogEvent)
    vars(event).update(zip(("ingestion_time", "timestamp", "message", "event_id"), row, strict=True))
    return event
