"""Metrics that a monitoring container leaves for CloudWatch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sagemaker_emulator.processing.metric_files import METRICS_FOLDER, metric_data, metric_namespace, publish_metrics


class CloudWatch:
    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def put_metric_data(self, **request: Any) -> None:
        self.calls.append(request)


def write(base_dir: Path, text: str) -> None:
    folder = base_dir.joinpath(*METRICS_FOLDER)
    folder.mkdir(parents=True)
    (folder / "cloudwatch_metrics.jsonl").write_text(text)


def test_data_may_stand_on_one_line_or_on_several() -> None:
    documents = [{"MetricName": "a", "Value": 1}, {"MetricName": "b", "Value": 2.5, "Unit": "Count", "Extra": 1}]
    text = "\n".join([json.dumps(documents[0]), json.dumps(documents[1], indent=4)])
    assert list(metric_data(text)) == [
        {"MetricName": "a", "Value": 1.0},
        {"MetricName": "b", "Value": 2.5, "Unit": "Count"},
    ]


@pytest.mark.parametrize(
    "text",
    ["[]", '{"Value": 1}', '{"MetricName": "a"}', '{"MetricName": "a", "Value": "1"}', '{"MetricName": "a", "Va'],
)
def test_what_is_no_datum_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        list(metric_data(text))


def test_statistics_are_sent_instead_of_a_value() -> None:
    values = {"SampleCount": 2, "Sum": 3, "Minimum": 1, "Maximum": 2}
    (datum,) = metric_data(json.dumps({"MetricName": "a", "StatisticValues": values}))
    assert datum == {"MetricName": "a", "StatisticValues": values}


def test_many_metrics_are_sent_in_several_requests(tmp_path: Path) -> None:
    write(tmp_path, "".join(json.dumps({"MetricName": f"m{number}", "Value": 1}) for number in range(150)))
    cloudwatch = CloudWatch()
    publish_metrics(cloudwatch, "space", tmp_path)
    assert [len(call["MetricData"]) for call in cloudwatch.calls] == [100, 50]
    assert cloudwatch.calls[0]["Namespace"] == "space"


def test_a_file_that_is_no_json_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, '{"MetricName": "a", "Value": 1}\nnonsense')
    cloudwatch = CloudWatch()
    publish_metrics(cloudwatch, "space", tmp_path)
    assert [one["MetricName"] for one in cloudwatch.calls[0]["MetricData"]] == ["a"]
    assert "cannot be read" in caplog.text


def test_the_namespace_follows_the_kind_of_analysis() -> None:
    assert metric_namespace({}) == "aws/sagemaker/Endpoints/data-metrics"
    assert metric_namespace({"analysis_type": "MODEL_QUALITY"}) == "aws/sagemaker/Endpoints/model-metrics"
