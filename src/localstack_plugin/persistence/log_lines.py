"""Log events as lines of a file.

Log events never change, and a stream only grows, so a save appends only the events that are new. A line has events of
one stream, from a place in the stream on:
  [account, region, group, stream, place, [[ingestion time, timestamp, message, number], ...]]
The first line of a stream has place 0, even if there are no events yet: it replaces those of a deleted stream of the
same name. When the events of deleted streams are most of the file, a save writes all events into a new file.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from localstack_plugin.persistence.graph.document import DocumentError
from localstack_plugin.persistence.state_folder import LogFile, StateFolder, compact, private

UNUSED_AT_MOST = 10_000
"""The events of deleted streams that a file may have in any case."""

Key = tuple[str, str, str, str]
"""Account, region, group and stream."""
Row = tuple[float, float, str, int]
"""Ingestion time, timestamp, message and number of an event."""


class Event(Protocol):
    ingestion_time: int
    timestamp: int
    message: str
    event_id: int


class Stream(Protocol):
    """A log stream of moto: two streams are never equal."""

    @property
    def events(self) -> Sequence[Event]: ...


@dataclass(frozen=True)
class LogProgress:
    """The events that the file of the last save has."""

    by_stream: Mapping[Stream, int] = field(default_factory=dict)
    in_file: int = 0
    """All events in the file, those of deleted streams included."""


@dataclass(frozen=True)
class LoadedEvents:
    rows: Mapping[Key, list[Row]]
    in_file: int


def append(folder: StateFolder, streams: Mapping[Key, Stream], progress: LogProgress) -> tuple[LogFile, int]:
    """Append the events that the file lacks, and return the file and the number of all events in it."""
    file = folder.log_file()
    if file is None or progress.in_file > 2 * sum(len(each.events) for each in streams.values()) + UNUSED_AT_MOST:
        file, progress = LogFile.after(file), LogProgress()
    size_bytes, in_file = file.size_bytes, progress.in_file
    with open(folder.log_path(file), "ab", opener=private) as lines:
        lines.truncate(size_bytes)  # what follows is of a save that has failed
        for key, stream in streams.items():
            place = progress.by_stream.get(stream)
            events = stream.events[place or 0 :]
            if events or place is None:
                size_bytes += lines.write(_line(key, place or 0, events))
                in_file += len(events)
        lines.flush()
        os.fsync(lines.fileno())
    return LogFile(file.number, size_bytes), in_file


def _line(key: Key, place: int, events: Iterable[Event]) -> bytes:
    rows = [[each.ingestion_time, each.timestamp, each.message, each.event_id] for each in events]
    return (compact([*key, place, rows]) + "\n").encode("ascii")


def load(folder: StateFolder) -> LoadedEvents:
    """Return the events of the last save. Raises DocumentError."""
    loaded: dict[Key, list[Row]] = {}
    in_file = 0
    file = folder.log_file()
    for number, line in enumerate(folder.log_lines(file) if file else (), start=1):
        try:
            account, region, group, stream, place, rows = json.loads(line)
            known = loaded.setdefault((account, region, group, stream), [])
            if type(place) is not int or not 0 <= place <= len(known):
                raise ValueError(f"{place!r} is not a place among {len(known)} events")
            known[place:] = [_row(*row) for row in rows]
            in_file += len(rows)
        except (ValueError, TypeError, RecursionError) as error:
            raise DocumentError(f"line {number} of the log events is damaged: {error}") from error
    return LoadedEvents(loaded, in_file)


def _row(ingestion_time: Any, timestamp: Any, message: Any, number: Any) -> Row:
    are_times = all(type(each) in (int, float) for each in (ingestion_time, timestamp))
    if not are_times or type(message) is not str or type(number) is not int:
        raise ValueError(f"{[ingestion_time, timestamp, message, number]} is not an event")
    return ingestion_time, timestamp, message, number
