"""The metrics that policies follow: invocations, which the emulator counts, and any metric of CloudWatch."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS

MINUTE_S = 60
QUERIES_MAX = 10
STATISTICS = frozenset({"SampleCount", "Average", "Sum", "Minimum", "Maximum"})  # others are percentiles and the like

log = logging.getLogger(__name__)


class CloudWatchMetrics:
    """Reads metrics of the last minute. `cloudwatch` returns the client, which is made when it is first needed."""

    def __init__(self, cloudwatch: Callable[[], Any]) -> None:
        self._cloudwatch = cloudwatch

    def customized(self, specification: dict[str, Any]) -> float | None:
        """Return the newest value of a CustomizedMetricSpecification; None without data or without CloudWatch."""
        try:
            if "Metrics" in specification:
                return self._of_queries(specification["Metrics"])
            return self._of_metric(specification, specification["Statistic"], MINUTE_S)
        except (*AWS_ERRORS, ValueError) as error:
            log.warning("the metric of a scaling policy cannot be read: %s", error)
            return None

    def breaches(self, policy_arn: str) -> list[tuple[str, float]]:
        """Return name and breach (metric minus threshold) of each alarm in ALARM that has the policy as an action."""
        try:
            answer = self._cloudwatch().describe_alarms(ActionPrefix=policy_arn, StateValue="ALARM")
            alarms = [one for one in answer.get("MetricAlarms", ()) if policy_arn in one.get("AlarmActions", ())]
            return [(one["AlarmName"], self._breach(one)) for one in alarms if one["StateValue"] == "ALARM"]
        except (*AWS_ERRORS, ValueError) as error:
            log.warning("the alarms of a scaling policy cannot be read: %s", error)
            return []

    def _breach(self, alarm: dict[str, Any]) -> float:
        """Return 0 for an alarm whose metric has no newer data: it is in ALARM all the same."""
        statistic = alarm.get("Statistic") or alarm.get("ExtendedStatistic")
        value = self._of_metric(alarm, statistic, alarm["Period"]) if "MetricName" in alarm and statistic else None
        return 0.0 if value is None else value - float(alarm["Threshold"])

    def _of_metric(self, metric: dict[str, Any], statistic: str, period_s: int) -> float | None:
        now = datetime.now(UTC)
        points = self._cloudwatch().get_metric_statistics(
            Namespace=metric["Namespace"],
            MetricName=metric["MetricName"],
            Dimensions=metric.get("Dimensions", []),
            StartTime=now - timedelta(seconds=2 * period_s),
            EndTime=now + timedelta(seconds=period_s),
            Period=period_s,
            **{"Statistics" if statistic in STATISTICS else "ExtendedStatistics": [statistic]},
            **({"Unit": metric["Unit"]} if "Unit" in metric else {}),
        )["Datapoints"]
        newest: dict[str, Any] = max(points, key=lambda point: point["Timestamp"], default={})
        value = {**newest, **newest.get("ExtendedStatistics", {})}.get(statistic)
        return None if value is None else float(value)

    def _of_queries(self, queries: list[dict[str, Any]]) -> float | None:
        now = datetime.now(UTC)
        asked = [_with_period(query) for query in queries[:QUERIES_MAX]]
        results = self._cloudwatch().get_metric_data(
            MetricDataQueries=asked, StartTime=now - timedelta(minutes=2), EndTime=now + timedelta(minutes=1)
        )["MetricDataResults"]
        values = [pair for result in results for pair in zip(result["Timestamps"], result["Values"], strict=False)]
        return float(max(values)[1]) if values else None


def _with_period(query: dict[str, Any]) -> dict[str, Any]:
    if "MetricStat" not in query:
        return query
    return {**query, "MetricStat": {**query["MetricStat"], "Period": MINUTE_S}}


class InvocationRate:
    """Invocations per minute, from a count that only grows."""

    def __init__(self) -> None:
        self._last: tuple[int, float] | None = None

    def per_minute(self, count: int, now: float) -> float | None:
        """Return the rate since the last call; None at the first, and if no time has passed."""
        last, self._last = self._last, (count, now)
        if last is None or now <= last[1]:
            return None
        return max(0, count - last[0]) * MINUTE_S / (now - last[1])
