"""CloudWatch's log streams: the newest ones, and their lines in the order of time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones.aws_errors import code_of
from scones.show_logs.lines import Line


@dataclass
class Streams:
    """A reader of all streams of a group whose names begin with a prefix."""

    logs: BaseClient
    group: str
    prefix: str = ""
    _since_ms: int = 0
    _seen: set[str] = field(default_factory=set)
    """The events of the latest millisecond, which the next read returns again."""

    def read(self) -> list[Line]:
        """Return the lines that were written since the last call. A log that does not exist yet has none."""
        lines = []
        for event in self._events():
            if event["eventId"] in self._seen:
                continue
            if event["timestamp"] > self._since_ms:
                self._since_ms, self._seen = event["timestamp"], set()
            self._seen.add(event["eventId"])
            lines += [Line(event["timestamp"], text) for text in event["message"].splitlines()]
        return lines

    def _events(self) -> list[Any]:
        prefix = {"logStreamNamePrefix": self.prefix} if self.prefix else {}
        paginator = self.logs.get_paginator("filter_log_events")
        pages = paginator.paginate(logGroupName=self.group, startTime=self._since_ms, **prefix)
        try:
            events = [event for page in pages for event in page["events"]]
            ours = [
                event for event in events if event["logStreamName"].startswith(self.prefix)
            ]  # some stand-ins give all
            return sorted(ours, key=lambda event: event["timestamp"])
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return []
            raise


def newest_stream(logs: BaseClient, group: str) -> str | None:
    """Return the name of the stream that was written last; None if there is none."""
    newest = _newest(logs, group)
    return newest[1] if newest else None


def newest_group(logs: BaseClient, prefix: str) -> str | None:
    """Return the name of the group, of those that begin with the prefix, that was written last."""
    groups = [(newest[0], group) for group in _groups(logs, prefix) if (newest := _newest(logs, group))]
    return max(groups)[1] if groups else None


def _groups(logs: BaseClient, prefix: str) -> Iterator[str]:
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
        yield from (group["logGroupName"] for group in page["logGroups"])


def _newest(logs: BaseClient, group: str) -> tuple[int, str] | None:
    """Return the time of the last line in a group, and its stream."""
    try:
        answer = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True, limit=1)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise
    streams = [(stream.get("lastEventTimestamp", 0), stream["logStreamName"]) for stream in answer["logStreams"]]
    return max(streams, default=None)
