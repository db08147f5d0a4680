"""GetMetricStatistics of CloudWatch with percentiles."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from localstack_plugin.cloudwatch.extended_statistics import refusal, with_extended_statistics

START = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
REQUEST = {"namespace": "Shop", "metric_name": "Latency", "start_time": START, "end_time": START, "period": 60}
CONTEXT = SimpleNamespace(account_id="1", region="here")


class Provider:
    """LocalStack's provider and its database: two periods with data, the second of which has no percentiles."""

    def __init__(self) -> None:
        self.cloudwatch_database = self
        self.asked: list[Any] = []

    def get_metric_statistics(self, _: Any, statistics: list[str], **__: Any) -> Any:
        points = [{"Timestamp": time, "Unit": "None", statistics[0]: 3.0} for time in (0, 60)]
        return {"Label": "Latency", "Datapoints": points}

    def get_metric_data_stat(self, query: Any, **_: Any) -> Any:
        stat = query["MetricStat"]
        self.asked.append((stat["Stat"], stat["Unit"], stat["Metric"]["Dimensions"]))
        return {"timestamps": [0], "values": [7 if stat["Stat"] == "p50" else 9]}


def ask(provider: Provider, **statistics: Any) -> Any:
    return with_extended_statistics(Provider.get_metric_statistics)(provider, CONTEXT, **REQUEST, **statistics)


def test_a_data_point_has_the_percentiles_by_their_names() -> None:
    provider = Provider()
    answer = ask(provider, extended_statistics=["p50", "p99.9"])
    point = {"Timestamp": 0, "Unit": "None", "ExtendedStatistics": {"p50": 7.0, "p99.9": 9.0}}
    assert answer == {"Label": "Latency", "Datapoints": [point]}
    assert provider.asked == [("p50", "NULL_VALUE", []), ("p99.9", "NULL_VALUE", [])]


def test_plain_statistics_are_answered_by_localstack() -> None:
    assert [point["Sum"] for point in ask(Provider(), statistics=["Sum"])["Datapoints"]] == [3.0, 3.0]


@pytest.mark.parametrize(
    ("statistics", "extended", "code"),
    [
        ((), (), "InvalidParameterCombination"),
        (("Sum",), ("p95",), "InvalidParameterCombination"),
        ((), ("p101",), "InvalidParameterValue"),
        (("Sum", "p95"), (), "ValidationError"),
        ((), ("p95",), None),
        (("Sum",), (), None),
    ],
)
def test_exactly_one_kind_of_known_statistics_is_asked_for(statistics: Any, extended: Any, code: str | None) -> None:
    problem = refusal(statistics, extended)
    assert (problem and problem[0]) == code
