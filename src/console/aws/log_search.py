"""The search of logs: lines that contain a text in any case, lines of errors, and the lines of one request."""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from console.aws import logs
from console.aws.client import SHORT_S, Aws
from console.aws.logs import Line

FUNCTIONS = "/aws/lambda/"
FUNCTIONS_MAX = 60
ERROR_WORDS = ("ERROR", "Error", "error", "Exception", "Traceback", "Task timed out", "Status: timeout")
START = re.compile(r"START RequestId: ")
STARTS_MAX, STREAMS_MAX = 10_000, 100
LONGEST = timedelta(minutes=15)
"""A function's longest timeout: how long before its line an invocation can have begun."""
REQUEST = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


@dataclass(frozen=True)
class Hit:
    """A line of a function's log. `request` is the id of its invocation; empty if that is unknown."""

    group: str
    stream: str
    line: Line
    request: str

    @property
    def function(self) -> str:
        return self.group.removeprefix(FUNCTIONS)


async def search(
    aws: Aws, group: str, text: str, since: datetime, prefix: str, limit: int, errors_only: bool = False
) -> list[Hit]:
    """Return lines of a group that contain a text in any case, the oldest first."""
    where = {"logStreamNamePrefix": prefix} if prefix else {}
    events = await logs.filtered(
        aws,
        group,
        limit,
        lambda event: _matches(event["message"], text, errors_only),
        filterPattern=any_of(spellings(text) if text else ERROR_WORDS),
        startTime=int(since.timestamp() * 1000),
        **where,
    )
    return [_hit(group, event) for event in events]


async def search_functions(
    aws: Aws, text: str, since: datetime, limit: int, errors_only: bool
) -> tuple[list[Hit], bool]:
    """Return lines of all functions, the newest first, and whether there are more functions than were searched."""
    names = [group.name for group in await logs.groups(aws) if group.name.startswith(FUNCTIONS)]
    pages = await asyncio.gather(
        *(search(aws, name, text, since, "", limit, errors_only) for name in names[:FUNCTIONS_MAX])
    )
    hits = sorted((hit for page in pages for hit in page), key=lambda hit: hit.line.time, reverse=True)[:limit]
    unnamed = {hit.group: [each for each in hits if each.group == hit.group] for hit in hits if not hit.request}
    begun = await asyncio.gather(*(_invocations(aws, group, of_group) for group, of_group in unnamed.items()))
    by_group = dict(zip(unnamed, begun, strict=True))
    named = [hit if hit.request else replace(hit, request=by_group[hit.group].at(hit)) for hit in hits]
    return named, len(names) > FUNCTIONS_MAX


@dataclass(frozen=True)
class Invocations:
    """When invocations began, by stream, the oldest first, and the time until which they were read."""

    begun: Mapping[str, list[tuple[datetime, str]]]
    until: datetime

    def at(self, hit: Hit) -> str:
        """Return the id of the invocation that wrote a line. An instance runs one at a time, and has a stream."""
        begun = self.begun.get(hit.stream, [])
        place = bisect_right(begun, hit.line.time, key=lambda each: each[0])
        return begun[place - 1][1] if place and hit.line.time <= self.until else ""


async def _invocations(aws: Aws, group: str, hits: Sequence[Hit]) -> Invocations:
    """Return the invocations of a function that can have written these lines.

    What a function prints, and the error that ends it, have no id: the line that began the invocation has it.
    """
    times, names = [hit.line.time for hit in hits], sorted({hit.stream for hit in hits})
    events = await logs.filtered(
        aws,
        group,
        STARTS_MAX,
        lambda event: START.match(event["message"]) is not None,
        filterPattern=quoted("START RequestId"),
        startTime=int((min(times) - LONGEST).timestamp() * 1000),
        endTime=int(max(times).timestamp() * 1000) + 1,
        **({"logStreamNames": names} if len(names) <= STREAMS_MAX else {}),
    )
    begun: dict[str, list[tuple[datetime, str]]] = {}
    for hit in sorted((_hit(group, event) for event in events), key=lambda each: each.line.time):
        begun.setdefault(hit.stream, []).append((hit.line.time, hit.request))
    is_cut = len(events) >= STARTS_MAX
    return Invocations(begun, logs.line_of(events[-1]).time if is_cut else max(times))


async def request_lines(aws: Aws, group: str, request: str, since: datetime, limit: int) -> list[Line]:
    """Return the lines of one invocation: from the first line with its id to the last, in its stream.

    An instance of a function runs one invocation at a time, so what a function printed without the id is between them.
    """
    named = await search(aws, group, request, since, "", limit)
    if not named:
        return []
    first, last = named[0], named[-1]
    answer = await aws.call(
        "logs",
        "filter_log_events",
        SHORT_S,
        logGroupName=group,
        logStreamNames=[first.stream],
        startTime=int(first.line.time.timestamp() * 1000),
        endTime=int(last.line.time.timestamp() * 1000) + 1,
        limit=limit,
    )
    lines = [logs.line_of(event) for event in answer["events"]]
    places = [place for place, line in enumerate(lines) if request in line.text]
    return lines[places[0] : places[-1] + 1] if places else [hit.line for hit in named]


def spellings(text: str) -> tuple[str, ...]:
    """Return how a text may be written: CloudWatch's filter patterns know no search in any case."""
    return tuple(dict.fromkeys((text, text.lower(), text.upper(), text.capitalize(), text.title())))


def any_of(texts: tuple[str, ...]) -> str:
    """Return a filter pattern that finds lines with one of these texts."""
    return quoted(texts[0]) if len(texts) == 1 else " ".join(f"?{quoted(text)}" for text in texts)


def quoted(text: str) -> str:
    """Return a filter pattern that finds the text itself."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _matches(message: str, text: str, errors_only: bool) -> bool:
    if errors_only and not any(word in message for word in ERROR_WORDS):
        return False
    return text.casefold() in message.casefold()


def _hit(group: str, event: Mapping[str, Any]) -> Hit:
    match = REQUEST.search(event["message"])
    return Hit(group, event.get("logStreamName", ""), logs.line_of(event), match[0] if match else "")
