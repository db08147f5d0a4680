"""The latency of every endpoint of a list, asked for all of them together and not for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from console.aws.client import Aws
from console.aws.endpoints import (
    CHARTED_PERCENTILE,
    NAMESPACE,
    Points,
    end_of_minute,
    joined,
    metric_data,
    query,
    weighted_mean,
)
from console.errors import ConsoleError

SPAN, PERIOD_S = timedelta(hours=3), 60
"""That of an endpoint's own page, so that both have the same figures."""
ACTIVE = "PT3H"
KEPT_S = 15.0
PAGES_MAX = 4
VARIANTS_MAX = 160
"""Three queries for each: GetMetricData takes 500, and answers at most 100,800 points."""
STATISTICS = (
    ("latency_mean", "Average", PERIOD_S),
    ("latency_samples", "SampleCount", PERIOD_S),
    (CHARTED_PERCENTILE, CHARTED_PERCENTILE, int(SPAN.total_seconds())),
)


@dataclass(frozen=True)
class Latency:
    """The model's latency in seconds; p95 is None where CloudWatch has no percentiles."""

    mean: float
    p95: float | None


async def latencies(aws: Aws, names: Sequence[str], now: datetime | None = None) -> dict[str, Latency] | None:
    """Return the latency of each endpoint that had traffic in the last SPAN; None if CloudWatch cannot be asked."""
    try:
        variants = await _variants(aws, set(names))
        return await _measured(aws, variants, now or datetime.now(UTC)) if variants else {}
    except ConsoleError:
        return None  # the role may list endpoints and not read metrics


async def _variants(aws: Aws, names: set[str]) -> list[tuple[str, str]]:
    """Return endpoint and variant of each latency that CloudWatch has: ListEndpoints does not name variants."""
    found: list[tuple[str, str]] = []
    request: dict[str, Any] = {"Namespace": NAMESPACE, "MetricName": "ModelLatency", "RecentlyActive": ACTIVE}
    for _ in range(PAGES_MAX if names else 0):
        answer = await aws.call("cloudwatch", "list_metrics", KEPT_S, **request)
        for metric in answer["Metrics"]:
            dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
            if set(dimensions) == {"EndpointName", "VariantName"} and dimensions["EndpointName"] in names:
                found.append((dimensions["EndpointName"], dimensions["VariantName"]))
        if not answer.get("NextToken"):
            break
        request["NextToken"] = answer["NextToken"]
    return sorted(found)[:VARIANTS_MAX]


async def _measured(aws: Aws, variants: Sequence[tuple[str, str]], now: datetime) -> dict[str, Latency]:
    end = end_of_minute(now)
    queries = [
        query(f"{key}__{number}", *variant, "ModelLatency", statistic, period_s)
        for number, variant in enumerate(variants)
        for key, statistic, period_s in STATISTICS
    ]
    try:
        answer = await metric_data(aws, queries, end - SPAN, end, KEPT_S)
    except ConsoleError:
        without = [each for each in queries if each["MetricStat"]["Stat"] != CHARTED_PERCENTILE]
        answer = await metric_data(aws, without, end - SPAN, end, KEPT_S)
    told: dict[str, Latency] = {}
    for name in dict.fromkeys(name for name, _ in variants):
        own = {str(number) for number, variant in enumerate(variants) if variant[0] == name}
        results = [each for each in answer["MetricDataResults"] if each["Id"].rpartition("__")[2] in own]
        points = {key: joined(key, {"MetricDataResults": results}) for key, _, _ in STATISTICS}
        if latency := _latency(points):
            told[name] = latency
    return told


def _latency(points: dict[str, Points]) -> Latency | None:
    mean = weighted_mean(points["latency_mean"], points["latency_samples"])
    return (
        None if mean is None else Latency(mean, max((value for _, value in points[CHARTED_PERCENTILE]), default=None))
    )
