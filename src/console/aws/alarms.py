"""Alarms of CloudWatch, and which of them only wait for the first data of an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from console.aws.client import Aws
from console.aws.logs import group_address

KEPT_S = 5.0
ALARM, OK = "ALARM", "OK"
ALARMS_MAX = 100
LACKS_DATA = "no datapoints were received"
"""In the reason of an alarm that has missing data and treats them as breaching."""
NO_TRAFFIC, NO_DATA = "No traffic", "No data"


@dataclass(frozen=True)
class Alarm:
    """An alarm. `waits_because` says why one in ALARM needs nobody's attention yet; empty if it does."""

    name: str
    state: str
    reason: str
    changed: datetime | None = None
    metric: str = ""
    endpoint: str = ""
    """The endpoint whose metric is watched; empty if it is the metric of something else."""
    window: timedelta = timedelta()
    notifies: bool = True
    waits_because: str = ""
    watched: Mapping[str, str] = field(default_factory=dict)
    """The dimensions of the metric."""

    @property
    def is_raised(self) -> bool:
        return self.state == ALARM and not self.waits_because

    def page(self, monitored: str) -> str:
        """Return the page of what is watched; empty if it has none. `monitored` is the workflow's endpoint."""
        named = self.watched
        if named.get("Endpoint") == monitored != "":
            return f"/drift/{quote(monitored)}"
        if named.get("MonitoringSchedule"):
            return f"/monitoring/{quote(named['MonitoringSchedule'])}"
        if named.get("StateMachineArn"):
            return f"/state-machines/{quote(named['StateMachineArn'].rpartition(':')[2])}"
        if named.get("FunctionName"):
            return group_address(f"/aws/lambda/{named['FunctionName']}")
        if named.get("QueueName"):
            return "/queues"
        return f"/endpoints/{quote(self.endpoint)}" if self.endpoint else ""

    @property
    def lacks_data(self) -> bool:
        return self.state == ALARM and LACKS_DATA in self.reason

    @property
    def lack(self) -> str:
        """Return two words for the data that is missing."""
        return NO_TRAFFIC if self.metric == "Invocations" else NO_DATA


async def alarms(aws: Aws) -> list[Alarm]:
    """Return the alarms: those in ALARM first, then by name."""
    answer = await aws.call("cloudwatch", "describe_alarms", KEPT_S, MaxRecords=ALARMS_MAX)
    return sorted(map(_alarm, answer["MetricAlarms"]), key=lambda alarm: (alarm.state != ALARM, alarm.name))


def judged(alarm: Alarm, created: Mapping[str, datetime], is_whole: bool, now: datetime | None = None) -> Alarm:
    """Return the alarm with the reason why it waits, if it has one.

    An alarm that treats missing data as breaching is raised as soon as it is created, before its endpoint can have had
    traffic. `created` has the time of each endpoint's creation; `is_whole` says that the account has no others.
    """
    if not alarm.lacks_data or not alarm.endpoint:
        return alarm
    since, window = created.get(alarm.endpoint), f"{alarm.window.total_seconds() / 60:.0f} minutes"
    because = ""
    if since is None and is_whole:
        because = f"there is no endpoint {alarm.endpoint}"
    elif since and (now or datetime.now(UTC)) - since < alarm.window:
        because = f"{alarm.endpoint} is newer than the {window} that the alarm looks at"
    elif not alarm.notifies:
        because = f"in the last {window}; the alarm notifies nobody"
    return replace(alarm, waits_because=because)


def _alarm(each: Mapping[str, Any]) -> Alarm:
    dimensions = {one["Name"]: one["Value"] for one in each.get("Dimensions", ())}
    return Alarm(
        name=each["AlarmName"],
        state=each["StateValue"],
        reason=each.get("StateReason", ""),
        changed=each.get("StateUpdatedTimestamp"),
        metric=each.get("MetricName", ""),
        endpoint=dimensions.get("EndpointName", ""),
        window=timedelta(seconds=each.get("Period", 0) * each.get("EvaluationPeriods", 0)),
        notifies=each.get("ActionsEnabled", True),
        watched=dimensions,
    )
