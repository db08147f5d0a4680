"""Counting invocations, and the data that CloudWatch gets."""

from __future__ import annotations

from collections import Counter
from operator import mul
from typing import Any

import pytest

from sagemaker_emulator.invocation.metrics import DATA_MAX, VALUES_MAX, Counted, InvocationMetrics

VARIANT = Counted("scones", "AllTraffic", "")


class CloudWatch:
    """A recorder of PutMetricData requests; `cloudwatch` is itself, in the place of AwsClients."""

    def __init__(self) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        self.cloudwatch = self

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803 - boto3's names
        assert Namespace == "AWS/SageMaker"
        self.requests.append(MetricData)

    def sums(self) -> dict[str, float]:
        """Return the sum of each metric."""
        sums: dict[str, float] = {}
        for datum in [datum for request in self.requests for datum in request]:
            total = sum(value * count for value, count in zip(datum["Values"], datum["Counts"], strict=True))
            sums[datum["MetricName"]] = sums.get(datum["MetricName"], 0) + total
        return sums


def sent(*invocations: tuple[int, int, int]) -> CloudWatch:
    """Record invocations (status, model latency, overhead) and send them."""
    cloudwatch: Any = CloudWatch()
    metrics = InvocationMetrics(cloudwatch, period_s=3600)
    for status, model_us, overhead_us in invocations:
        metrics.record(VARIANT, status, model_us, overhead_us)
    metrics.close()
    recorded: CloudWatch = cloudwatch
    return recorded


@pytest.mark.parametrize(
    ("status", "errors_4xx", "errors_5xx"),
    [(200, 0, 0), (399, 0, 0), (400, 1, 0), (499, 1, 0), (500, 0, 1), (599, 0, 1), (0, 0, 1)],
)
def test_each_status_counts_as_its_kind_of_error(status: int, errors_4xx: int, errors_5xx: int) -> None:
    assert sent((status, 7, 3)).sums() == {
        "Invocations": 1,
        "InvocationsPerInstance": 1,
        "Invocation4XXErrors": errors_4xx,
        "Invocation5XXErrors": errors_5xx,
        "ModelLatency": 7,
        "OverheadLatency": 3,
    }


def test_an_unavailable_variant_counts_as_an_error_without_a_model_latency() -> None:
    cloudwatch: Any = CloudWatch()
    metrics = InvocationMetrics(cloudwatch, period_s=3600)
    metrics.record_unavailable(VARIANT, 3)
    metrics.close()
    sums = cloudwatch.sums()
    assert (sums["Invocations"], sums["Invocation5XXErrors"], sums["OverheadLatency"]) == (1, 1, 3)
    assert "ModelLatency" not in sums


def test_an_asynchronous_invocation_has_only_the_metrics_that_aws_publishes() -> None:
    cloudwatch: Any = CloudWatch()
    metrics = InvocationMetrics(cloudwatch, period_s=3600)
    metrics.record_asynchronous(VARIANT._replace(config="scones-2"), 500, 7)
    assert metrics.invocations("scones", "AllTraffic") == 1  # for scaling
    metrics.close()
    for_both = {"Invocation4XXErrors": 0, "Invocation5XXErrors": 2, "ModelLatency": 14}  # the variant, its new config
    assert cloudwatch.sums() == for_both


def test_a_datum_has_the_dimensions_and_the_unit_of_aws() -> None:
    data = {datum["MetricName"]: datum for datum in sent((200, 7, 3)).requests[0]}
    assert data["ModelLatency"]["Unit"] == "Microseconds"
    assert data["Invocations"]["Unit"] == "Count"
    assert data["Invocations"]["Dimensions"] == [
        {"Name": "EndpointName", "Value": "scones"},
        {"Name": "VariantName", "Value": "AllTraffic"},
    ]


def test_an_invocation_of_a_configuration_counts_for_it_and_for_its_variant() -> None:
    cloudwatch: Any = CloudWatch()
    metrics = InvocationMetrics(cloudwatch, period_s=3600)
    old, new = VARIANT._replace(config="scones-1"), VARIANT._replace(config="scones-2")
    metrics.record(old, 500, 7, 3)
    metrics.record(new, 200, 7, 3)
    metrics.record_unavailable(new, 3)
    assert metrics.invocations("scones", "AllTraffic") == 3
    metrics.close()
    errors = Counter[str]()
    for datum in cloudwatch.requests[0]:
        if datum["MetricName"] == "Invocation5XXErrors":
            assert [one["Name"] for one in datum["Dimensions"][:2]] == ["EndpointName", "VariantName"]
            config = [one["Value"] for one in datum["Dimensions"] if one["Name"] == "EndpointConfigName"]
            errors[" ".join(config)] += sum(map(mul, datum["Values"], datum["Counts"]))
    assert errors == {"": 2, "scones-1": 1, "scones-2": 1}
    assert metrics.invocations("scones", "AllTraffic") == 3


def test_equal_values_are_sent_once_with_their_count() -> None:
    (request,) = sent(*[(200, 7, 3)] * 5).requests
    (datum,) = [datum for datum in request if datum["MetricName"] == "ModelLatency"]
    assert (datum["Values"], datum["Counts"]) == ([7.0], [5.0])


def test_requests_stay_within_the_limits_of_cloudwatch() -> None:
    many = sent(*[(200, number, 3) for number in range(DATA_MAX * VALUES_MAX + 1)])
    assert [len(request) for request in many.requests] == [DATA_MAX, 6]
    assert max(len(datum["Values"]) for request in many.requests for datum in request) == VALUES_MAX
    assert many.sums()["Invocations"] == DATA_MAX * VALUES_MAX + 1
