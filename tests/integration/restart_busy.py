"""Changes in quick succession, and the question which of them are there."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .restart_workload import answers, content


@dataclass
class Busy:
    """One new object and one new log event after the other, so that the end comes in the middle of saves."""

    client: Callable[[str], Any]
    label: str
    acknowledged: list[float] = field(default_factory=list)

    def write(self, until: float) -> None:
        self.client("logs").create_log_stream(logGroupName="restart", logStreamName=self._stream)
        while time.monotonic() < until:
            number = len(self.acknowledged)
            body = f"{self.label} ".encode() * (number + 1)
            self.client("s3").put_object(Bucket="restart", Key=f"busy/{number}", Body=body)
            self.client("s3").put_object(Bucket="restart", Key="overwritten", Body=body)
            self._log(number)
            self.client("events").put_rule(Name="busy", EventPattern=json.dumps({"source": [self.label, str(number)]}))
            self.acknowledged.append(time.monotonic())

    def missing(self, before: float) -> list[str]:
        """Return what is not as it was acknowledged before a time."""
        count = sum(moment <= before for moment in self.acknowledged)
        s3, start = self.client("s3"), self.label.encode()
        keys = [f"busy/{number}" for number in range(count)]
        lost = [key for key in keys if not answers(partial(begins_with, s3, key, start))]
        if count and len(content(s3, "restart", "overwritten")) < count * (len(start) + 1):
            lost.append("the object that is overwritten")
        logged = self._logged()
        if len(logged) < count or logged != [str(number) for number in range(len(logged))]:
            lost.append("the log events")
        if count and self._number() < count - 1:
            lost.append("the pattern of the rule that changes")
        return lost

    @property
    def _stream(self) -> str:
        return f"busy-{self.label}"

    def _log(self, number: int) -> None:
        event = {"timestamp": int(time.time() * 1000), "message": str(number)}
        self.client("logs").put_log_events(logGroupName="restart", logStreamName=self._stream, logEvents=[event])

    def _logged(self) -> list[str]:
        events = self.client("logs").get_log_events(logGroupName="restart", logStreamName=self._stream)["events"]
        return [event["message"] for event in events]

    def _number(self) -> int:
        """Return the number in the rule's pattern, or -1 if the pattern is of an earlier label."""
        label, number = json.loads(self.client("events").describe_rule(Name="busy")["EventPattern"])["source"]
        return int(number) if label == self.label else -1


def begins_with(s3: Any, key: str, start: bytes) -> bool:
    return content(s3, "restart", key).startswith(start)
