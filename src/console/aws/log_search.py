"""The search of logs: lines that contain a text in any case, lines of errors, and the lines of one request."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.aws import logs
from console.aws.client import SHORT_S, Aws
from console.aws.logs import Line

FUNCTIONS = "/aws/lambda/"
FUNCTIONS_MAX = 60
ERROR_WORDS = ("ERROR", "Error", "error", "Exception", "Traceback", "Task timed out", "Status: timeout")
REQUEST = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


@dataclass(frozen=True)
class Hit:
    """A line of a function's log. `request` is the id of its invocation, if the line has it."""

    group: str
    stream: str
    line: Line

    @property
    def function(self) -> str:
        return self.group.removeprefix(FUNCTIONS)

    @property
    def request(self) -> str:
        match = REQUEST.search(self.line.text)
        return match[0] if match else ""


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
    hits = sorted((hit for page in pages for hit in page), key=lambda hit: hit.line.time, reverse=True)
    return hits[:limit], len(names) > FUNCTIONS_MAX


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
    return Hit(group, event.get("logStreamName", ""), logs.line_of(event))
