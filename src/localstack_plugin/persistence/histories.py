"""Histories of executions as JSON.

The history is the largest part of an execution's record, and contains only JSON values and the events' timestamps. It
is therefore not part of the graph, which `graph` writes value by value, but a string that Python's JSON encoder, which
is written in C, produces in one call:
  [{"id": 1, "previousEventId": 0, "type": "ExecutionStarted", "timestamp": ISO 8601, "...EventDetails": {...}}, ...]
A history is not trusted when it is read: its events must be numbered from 1, and have only types and fields of AWS's
API.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from localstack_plugin.persistence.graph.document import DocumentError, UnknownValueError

NUMBERS = frozenset({"id", "previousEventId"})
Event = dict[str, Any]


@dataclass(frozen=True)
class EventShape:
    """The fields and types that an event may have in AWS's API."""

    fields: frozenset[str]
    types: type[Enum]

    @property
    def details(self) -> frozenset[str]:
        return self.fields - NUMBERS - {"type", "timestamp"}


def history_text(events: Iterable[Event], shape: EventShape) -> str:
    """Return the history as JSON. Raises UnknownValueError."""
    try:
        return json.dumps([_written(event, shape) for event in events], separators=(",", ":"))
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError) as error:
        raise UnknownValueError(f"a history cannot be written: {type(error).__name__}: {error}") from error


def _written(event: Event, shape: EventShape) -> Event:
    if not event.keys() <= shape.fields:
        raise ValueError(f"{sorted(event.keys() - shape.fields)} are not fields of an event")
    return {**event, "timestamp": event["timestamp"].isoformat()}


def read_history(text: Any, shape: EventShape) -> list[Event]:
    """Return the events of a history from its JSON. Raises DocumentError."""
    details = shape.details
    try:
        return [_read(event, number, shape, details) for number, event in enumerate(json.loads(text), start=1)]
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError) as error:
        raise DocumentError(f"a history is damaged: {type(error).__name__}: {error}") from error


def _read(event: Event, number: int, shape: EventShape, details: frozenset[str]) -> Event:
    timestamp = datetime.fromisoformat(event["timestamp"])
    if timestamp.tzinfo is None:
        raise ValueError(f"the timestamp {event['timestamp']!r} of event {number} has no time zone")
    if any(type(event[name]) is not int for name in NUMBERS) or event["id"] != number:
        raise ValueError(f"event {number} has the ID {event['id']!r}, and follows {event['previousEventId']!r}")
    if not event.keys() <= shape.fields or not all(isinstance(event[name], dict) for name in event.keys() & details):
        raise ValueError(f"event {number} has unknown fields, or details that are not objects: {sorted(event)}")
    return {**event, "type": shape.types(event["type"]), "timestamp": timestamp}
