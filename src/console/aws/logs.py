"""Logs: the lines of a stream as they grow, and lines that contain a word."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from console.aws.client import SHORT_S, Answer, Aws
from console.errors import ConsoleError, NotThere

KEPT_LINES = 600
KEPT_TAILS = 16
PAGES_AT_ONCE = 20
EVENTS_PER_PAGE = 10_000
STREAMS = 50
GROUPS_PER_PAGE, GROUPS_MAX = 50, 300
LINE_MAX = 2000


@dataclass(frozen=True)
class Line:
    time: datetime
    text: str


@dataclass(frozen=True)
class Stream:
    name: str
    last: datetime | None


@dataclass
class StreamReader:
    """A place in a log stream. `read` returns the lines that are new since the last call.

    One `from_end` begins with the last lines, and goes back to the end when it falls far behind.
    """

    group: str
    stream: str
    from_end: bool = False
    token: str | None = None

    async def read(self, aws: Aws) -> list[Line]:
        if self.from_end and self.token is None:
            return await self._last(aws)
        lines: list[Line] = []
        for _ in range(PAGES_AT_ONCE):
            answer = await _page(aws, self.group, self.stream, self.token, startFromHead=True, limit=EVENTS_PER_PAGE)
            lines += [line_of(event) for event in answer["events"]]
            before, self.token = self.token, answer["nextForwardToken"]
            if self.token == before or not answer["events"]:
                return lines
        return await self._last(aws) if self.from_end else lines

    async def _last(self, aws: Aws) -> list[Line]:
        """Return the stream's last lines, and go to its end."""
        lines, self.token = await end_of(aws, self.group, self.stream, KEPT_LINES)
        return lines


@dataclass
class Tail:
    """The last lines of all streams whose names begin with a prefix, and how many lines were read.

    `since` leaves out earlier lines: those of another job that had the name before.
    """

    group: str
    prefix: str
    from_end: bool = False
    since: datetime | None = None
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    total: int = 0
    readers: dict[str, StreamReader] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def advance(self, aws: Aws) -> list[Line]:
        """Read what is new, and return it."""
        for stream in await streams(aws, self.group, self.prefix):
            self.readers.setdefault(stream.name, StreamReader(self.group, stream.name, self.from_end))
        read = [line for reader in self.readers.values() for line in await reader.read(aws)]
        new = [line for line in read if self.since is None or line.time >= self.since]
        if len(self.readers) > 1:
            new.sort(key=lambda line: line.time)
        self.lines.extend(new)
        self.total += len(new)
        return new


def group_address(group: str, **where: str) -> str:
    """Return the page of a log group, or of a `stream`, a `prefix` of streams or a `request` in it."""
    return "/logs?" + urlencode({"group": group, **{name: each for name, each in where.items() if each}})


async def streams(aws: Aws, group: str, prefix: str = "") -> list[Stream]:
    """Return streams of a group: those with the prefix, or those that were written to last. Empty without a group."""
    order: dict[str, Any] = (
        {"logStreamNamePrefix": prefix} if prefix else {"orderBy": "LastEventTime", "descending": True}
    )
    try:
        answer = await aws.call("logs", "describe_log_streams", SHORT_S, logGroupName=group, limit=STREAMS, **order)
    except NotThere:
        return []
    return [Stream(each["logStreamName"], _time(each.get("lastEventTimestamp"))) for each in answer["logStreams"]]


async def filtered(
    aws: Aws, group: str, limit: int, is_wanted: Callable[[Mapping[str, Any]], bool] | None = None, **request: Any
) -> list[Mapping[str, Any]]:
    """Return up to `limit` events of FilterLogEvents. AWS may answer with empty pages before it has some."""
    events: list[Mapping[str, Any]] = []
    token: dict[str, str] = {}
    for _ in range(PAGES_AT_ONCE):
        answer = await aws.call(
            "logs", "filter_log_events", SHORT_S, logGroupName=group, limit=limit, **request, **token
        )
        events += filter(is_wanted, answer["events"])
        if len(events) >= limit or not answer.get("nextToken"):
            break
        token = {"nextToken": answer["nextToken"]}
    return events[:limit]


async def end_of(
    aws: Aws, group: str, stream: str, limit: int, pages: int = PAGES_AT_ONCE, keep_s: float = 0.0
) -> tuple[list[Line], str]:
    """Return a stream's last lines, and the token of its end. AWS may answer with empty pages before it has some."""
    token, end = None, ""
    for _ in range(pages):
        answer = await _page(aws, group, stream, token, keep_s, startFromHead=False, limit=limit)
        end = end or str(answer["nextForwardToken"])
        following = answer.get("nextBackwardToken")
        if answer["events"] or following in (None, token):
            break
        token = following
    return [line_of(event) for event in answer["events"]], end


async def start_of(aws: Aws, group: str, prefix: str) -> list[Line]:
    """Return the first lines of the streams whose names begin with the prefix, up to KEPT_LINES."""
    found = await streams(aws, group, prefix)
    starts = await asyncio.gather(*(_start(aws, group, each.name) for each in found))
    return sorted((line for lines in starts for line in lines), key=lambda line: line.time)[:KEPT_LINES]


async def _start(aws: Aws, group: str, stream: str) -> list[Line]:
    token = None
    for _ in range(PAGES_AT_ONCE):
        answer = await _page(aws, group, stream, token, SHORT_S, startFromHead=True, limit=KEPT_LINES)
        if answer["events"] or answer["nextForwardToken"] == token:
            break
        token = answer["nextForwardToken"]
    return [line_of(event) for event in answer["events"]]


async def _page(aws: Aws, group: str, stream: str, token: str | None, keep_s: float = 0.0, **request: Any) -> Answer:
    position = {"nextToken": token} if token else {}
    names = {"logGroupName": group, "logStreamName": stream}
    return await aws.call("logs", "get_log_events", keep_s, **names, **request, **position)


def line_of(event: Mapping[str, Any]) -> Line:
    return Line(datetime.fromtimestamp(event["timestamp"] / 1000, UTC), event["message"].rstrip("\n")[:LINE_MAX])


def _time(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None


@dataclass(frozen=True)
class Group:
    name: str
    size_bytes: int


async def groups(aws: Aws) -> list[Group]:
    """Return log groups, by name, up to GROUPS_MAX."""
    rows: list[Group] = []
    token: dict[str, str] = {}
    while len(rows) < GROUPS_MAX:
        answer = await aws.call("logs", "describe_log_groups", SHORT_S, limit=GROUPS_PER_PAGE, **token)
        rows += [Group(each["logGroupName"], int(each.get("storedBytes", 0))) for each in answer["logGroups"]]
        if not answer.get("nextToken"):
            break
        token = {"nextToken": answer["nextToken"]}
    return rows


class Tails:
    """The ends of the streams that were looked at last."""

    def __init__(self) -> None:
        self._tails: OrderedDict[tuple[str, str], Tail] = OrderedDict()

    async def last_lines(self, aws: Aws, group: str, prefix: str) -> list[Line]:
        """Return the end of the streams whose names begin with the prefix; only what is new is read."""
        key = (group, prefix)
        tail = self._tails.setdefault(key, Tail(group, prefix, from_end=True))
        self._tails.move_to_end(key)
        while len(self._tails) > KEPT_TAILS:
            self._tails.popitem(last=False)
        async with tail.lock:
            try:
                await tail.advance(aws)
            except ConsoleError:
                self._tails.pop(key, None)  # the stream may have been created again: its old token leads nowhere
                raise
        return list(tail.lines)
