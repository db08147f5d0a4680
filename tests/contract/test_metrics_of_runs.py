"""sagemaker-metrics: values that programs log to trial components."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:sagemaker:us-east-1:000000000000:experiment-trial-component"
MINUTE = 60


@pytest.fixture(scope="module")
def metrics(emulator: Any) -> Any:
    return emulator.client("sagemaker-metrics")


@pytest.fixture
def component(sagemaker: Any) -> Callable[[str], str]:
    def create(name: str) -> str:
        sagemaker.create_trial_component(TrialComponentName=name)
        return name

    return create


def datum(name: str, value: float, timestamp: float | None = None, step: int | None = None) -> dict[str, Any]:
    at = int(time.time() if timestamp is None else timestamp)
    return {"MetricName": name, "Value": value, "Timestamp": at} | ({} if step is None else {"Step": step})


def query(component: str, **members: Any) -> dict[str, Any]:
    base = {
        "MetricName": "loss", "ResourceArn": f"{ARN}/{component}", "MetricStat": "Last", "Period": "IterationNumber",
        "XAxisType": "IterationNumber",
    }  # fmt: skip
    return {**base, **members}


def test_logged_values_are_described_with_their_component(metrics: Any, sagemaker: Any, component: Any) -> None:
    component("logged")
    now = time.time()
    data = [datum("loss", 1.5, now, 1), datum("loss", 0.5, now + 1, 2), datum("accuracy", 0.75, now)]
    assert "Errors" not in metrics.batch_put_metrics(TrialComponentName="logged", MetricData=data)
    described = sagemaker.describe_trial_component(TrialComponentName="logged")["Metrics"]
    assert [one["MetricName"] for one in described] == ["accuracy", "loss"]
    loss = {name: described[1][name] for name in ("Min", "Max", "Avg", "Last", "Count", "StdDev", "SourceArn")}
    assert loss == {
        "Min": 0.5, "Max": 1.5, "Avg": 1.0, "Last": 0.5, "Count": 2, "StdDev": 0.5, "SourceArn": f"{ARN}/logged",
    }  # fmt: skip


def test_a_series_is_by_step_or_by_period(metrics: Any, component: Any) -> None:
    component("series")
    start = (int(time.time()) // MINUTE - 2) * MINUTE
    data = [datum("loss", value, start + 30 * step, step) for step, value in enumerate((4.0, 2.0, 1.0))]
    metrics.batch_put_metrics(TrialComponentName="series", MetricData=data)
    in_time = {"Period": "OneMinute", "XAxisType": "Timestamp", "MetricStat": "Avg"}
    queries = [query("series"), query("series", **in_time), query("series", Start=1, End=1)]
    by_step, by_minute, one = metrics.batch_get_metrics(MetricQueries=queries)["MetricQueryResults"]
    assert by_step == {"Status": "Complete", "XAxisValues": [0, 1, 2], "MetricValues": [4.0, 2.0, 1.0]}
    assert by_minute == {"Status": "Complete", "XAxisValues": [start, start + MINUTE], "MetricValues": [3.0, 1.0]}
    assert one["MetricValues"] == [2.0]


def test_a_period_that_does_not_fit_its_axis_is_an_error_of_its_query(metrics: Any, component: Any) -> None:
    component("periods")
    queries = [query("periods", Period="OneHour"), query("periods")]
    wrong, right = metrics.batch_get_metrics(MetricQueries=queries)["MetricQueryResults"]
    assert (wrong["Status"], right["Status"]) == ("ValidationError", "Complete")


def test_a_value_of_another_time_is_refused_and_the_others_are_stored(
    metrics: Any, sagemaker: Any, component: Any
) -> None:
    component("late")
    data = [datum("loss", 1.0, time.time() - 30 * 86_400), datum("loss", 2.0)]
    answer = metrics.batch_put_metrics(TrialComponentName="late", MetricData=data)
    assert answer["Errors"] == [{"Code": "VALIDATION_ERROR", "MetricIndex": 0}]
    [loss] = sagemaker.describe_trial_component(TrialComponentName="late")["Metrics"]
    assert (loss["Count"], loss["Last"]) == (1, 2.0)


def test_a_missing_component_and_an_invalid_name_are_refused(metrics: Any) -> None:
    data = [datum("loss", 1.0)]
    with pytest.raises(ClientError, match=r"TrialComponent .* does not exist") as missing:
        metrics.batch_put_metrics(TrialComponentName="none", MetricData=data)
    assert missing.value.response["Error"]["Code"] == "ResourceNotFound"
    with pytest.raises(ClientError, match="regular expression pattern") as invalid:
        metrics.batch_put_metrics(TrialComponentName="Upper", MetricData=data)
    assert invalid.value.response["Error"]["Code"] == "ValidationException"


def test_a_deleted_component_leaves_no_values(metrics: Any, sagemaker: Any, component: Any) -> None:
    component("gone")
    metrics.batch_put_metrics(TrialComponentName="gone", MetricData=[datum("loss", 1.0)])
    sagemaker.delete_trial_component(TrialComponentName="gone")
    component("gone")
    assert sagemaker.describe_trial_component(TrialComponentName="gone")["Metrics"] == []


def test_components_are_sorted_by_a_metric(metrics: Any, sagemaker: Any, component: Any) -> None:
    for name, value in (("sorted-a", 1.0), ("sorted-b", 3.0), ("sorted-c", 2.0)):
        metrics.batch_put_metrics(TrialComponentName=component(name), MetricData=[datum("f1.macro", value)])
    named = {"Filters": [{"Name": "TrialComponentName", "Operator": "Contains", "Value": "sorted-"}]}
    answer = sagemaker.search(
        Resource="ExperimentTrialComponent", SearchExpression=named, SortBy="metrics.f1.macro.max"
    )
    names = [one["TrialComponent"]["TrialComponentName"] for one in answer["Results"]]
    assert names == ["sorted-b", "sorted-c", "sorted-a"]


def test_values_survive_a_restart(restartable: Callable[..., Any]) -> None:
    with restartable() as first:
        first.client("sagemaker").create_trial_component(TrialComponentName="kept")
        first.client("sagemaker-metrics").batch_put_metrics(TrialComponentName="kept", MetricData=[datum("loss", 1.0)])
    with restartable() as second:
        described = second.client("sagemaker").describe_trial_component(TrialComponentName="kept")
        assert described["Metrics"][0]["Last"] == 1.0


def test_a_value_whose_statistics_would_overflow_is_refused(metrics: Any, sagemaker: Any, component: Any) -> None:
    component("huge")
    data = [datum("loss", 1e308), datum("loss", -1e100), datum("loss", 1e100)]
    answer = metrics.batch_put_metrics(TrialComponentName="huge", MetricData=data)
    assert answer["Errors"] == [{"Code": "VALIDATION_ERROR", "MetricIndex": 0}]
    [loss] = sagemaker.describe_trial_component(TrialComponentName="huge")["Metrics"]
    assert loss["StdDev"] == pytest.approx(1e100)
    far = query("huge", Start=-(1 << 63), End=(1 << 63) - 1)
    assert metrics.batch_get_metrics(MetricQueries=[far])["MetricQueryResults"][0]["Status"] == "Complete"
