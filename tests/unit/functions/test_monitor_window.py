"""The window's capture files, the baseline, and what the monitor's processing job gets."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from .conftest import load_app

HOUR = "data_capture/scones/AllTraffic/2026/01/31"
SERVED = {"LastModifiedTime": datetime(2026, 1, 31, 6, tzinfo=UTC)}
EVENT = {
    "bucket": "captured",
    "endpoint": "scones",
    "run": "scones-monitor-1",
    "now": "2026-01-31T10:17:00Z",
    "minutes": 60,
    "program": "s3://code/stack/programs/monitor.zip",
    "threshold": "0.93",
}

STATE = '{"model": "model-1", "serving_since": "2026-01-31T05:00:00Z", "since": "2026-01-31T07:15:00Z"}'


@pytest.fixture(scope="module")
def monitor_window(aws: None) -> ModuleType:
    app = load_app("monitor_window")
    app.s3.create_bucket(Bucket="captured")
    app.sagemaker.create_model(ModelName="model-1", ExecutionRoleArn="arn:aws:iam::123456789012:role/one")
    variant = {"VariantName": "AllTraffic", "ModelName": "model-1", "InstanceType": "ml.m5.large"}
    app.sagemaker.create_endpoint_config(
        EndpointConfigName="config", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    app.sagemaker.create_endpoint(EndpointName="scones", EndpointConfigName="config")
    app.sagemaker.meta.events.register(
        "after-call.sagemaker.DescribeEndpoint", lambda parsed, **_: parsed.update(SERVED)
    )
    return app


@pytest.fixture
def put(monitor_window: ModuleType) -> Any:
    """Return a function that puts objects, which are deleted at the end of the test."""
    keys: list[str] = []

    def put_object(key: str, body: str = "{}") -> None:
        monitor_window.s3.put_object(Bucket="captured", Key=key, Body=body.encode())
        keys.append(key)

    yield put_object
    for key in keys:
        monitor_window.s3.delete_object(Bucket="captured", Key=key)


def manifest_of(app: ModuleType, answer: dict[str, Any], name: str) -> list[Any]:
    (uri,) = [one["S3Input"]["S3Uri"] for one in answer["inputs"] if one["InputName"] == name]
    body = app.s3.get_object(Bucket="captured", Key=uri.removeprefix("s3://captured/"))["Body"].read()
    manifest: list[Any] = json.loads(body)
    return manifest


def test_the_manifest_has_the_files_that_may_have_records_of_the_window(monitor_window: ModuleType, put: Any) -> None:
    put("monitoring/scones/baselines/model-1/constraints.json")
    inside = [f"{HOUR}/09/14-00-000-a.jsonl", f"{HOUR}/09/59-59-000-b.jsonl", f"{HOUR}/10/14-59-000-c.jsonl"]
    for key in (
        *inside,
        f"{HOUR}/09/13-00-000-d.jsonl",
        f"{HOUR}/10/15-00-000-e.jsonl",
        f"{HOUR}/08/59-00-000-f.jsonl",
    ):
        put(key)
    answer = monitor_window.lambda_handler(EVENT, None)
    prefix, *names = manifest_of(monitor_window, answer, "captured")
    assert answer["status"] == "Ready"
    assert prefix == {"prefix": "s3://captured/data_capture/scones/"}
    assert [f"data_capture/scones/{name}" for name in names] == inside
    assert answer["environment"]["start_time"] == "2026-01-31T09:15:00Z"
    assert answer["environment"]["end_time"] == "2026-01-31T10:15:00Z"
    assert "drifting_since" not in answer["environment"]


def test_a_window_without_traffic_starts_no_job(monitor_window: ModuleType) -> None:
    assert monitor_window.lambda_handler(EVENT, None)["status"] == "NoTraffic"


@pytest.mark.parametrize("now", ["2026-01-31T06:00:01Z", "2026-01-31T06:01:00Z", "2026-01-31T06:02:00Z"])
def test_a_window_that_would_end_before_the_model_served_is_too_early(
    monitor_window: ModuleType, put: Any, now: str
) -> None:
    put("monitoring/scones/baselines/model-1/constraints.json")
    put(f"{HOUR}/05/59-00-000-a.jsonl")
    answer = monitor_window.lambda_handler({**EVENT, "now": now}, None)
    assert answer["status"] == "TooEarly"
    assert answer["start"] == answer["end"] == "2026-01-31T06:00:00Z"
    assert answer["message"] == (
        "The model has been in service since 2026-01-31T06:00:00Z, and records are compared 2 minutes after they were "
        "captured: run the monitor again after 2026-01-31T06:02:00Z."
    )


def test_traffic_without_a_baseline_is_named(monitor_window: ModuleType, put: Any) -> None:
    put(f"{HOUR}/10/00-00-000-a.jsonl")
    answer = monitor_window.lambda_handler(EVENT, None)
    assert (answer["status"], answer["model"]) == ("NoBaseline", "model-1")


def test_an_endpoint_that_does_not_exist_starts_no_job(monitor_window: ModuleType) -> None:
    assert monitor_window.lambda_handler({**EVENT, "endpoint": "other"}, None)["status"] == "NoEndpoint"


def test_labels_of_the_window_are_an_input(monitor_window: ModuleType, put: Any) -> None:
    put("monitoring/scones/baselines/model-1/constraints.json")
    put(f"{HOUR}/10/00-00-000-a.jsonl")
    assert monitor_window.lambda_handler({**EVENT, "needs_ground_truth": True}, None)["status"] == "NoGroundTruth"
    put("ground_truth/scones/2026/01/31/10/labels.jsonl")
    answer = monitor_window.lambda_handler({**EVENT, "needs_ground_truth": True}, None)
    assert manifest_of(monitor_window, answer, "ground_truth")[1:] == ["2026/01/31/10/labels.jsonl"]
    assert answer["environment"]["ground_truth_source"] == "/opt/ml/processing/input/ground_truth"


def test_a_drift_that_goes_on_keeps_its_beginning(monitor_window: ModuleType, put: Any) -> None:
    put("monitoring/scones/baselines/model-1/constraints.json")
    put(f"{HOUR}/10/00-00-000-a.jsonl")
    put("monitoring/scones/state.json", STATE)
    answer = monitor_window.lambda_handler(EVENT, None)
    assert answer["since"] == answer["environment"]["drifting_since"] == "2026-01-31T07:15:00Z"
    assert answer["serving_since"] == "2026-01-31T05:00:00Z"


def test_a_drift_of_an_earlier_model_is_not_that_of_this_one(monitor_window: ModuleType, put: Any) -> None:
    put("monitoring/scones/baselines/model-1/constraints.json")
    put(f"{HOUR}/10/00-00-000-a.jsonl")
    put("monitoring/scones/state.json", STATE.replace("model-1", "model-0"))
    answer = monitor_window.lambda_handler(EVENT, None)
    assert (answer["since"], answer["serving_since"]) == ("", "2026-01-31T06:00:00Z")
    assert "drifting_since" not in answer["environment"]


def test_a_run_with_ground_truth_judges_the_quality_of_this_model_alone(monitor_window: ModuleType, put: Any) -> None:
    put("monitoring/scones/baselines/model-1/constraints.json")
    put("monitoring/scones/state.json", STATE)
    put(f"{HOUR}/05/00-00-000-a.jsonl")  # an earlier model answered this record
    put(f"{HOUR}/10/00-00-000-b.jsonl")
    put("ground_truth/scones/2026/01/31/10/labels.jsonl")
    answer = monitor_window.lambda_handler({**EVENT, "minutes": 10080, "needs_ground_truth": True}, None)
    assert answer["environment"]["analysis_type"] == "MODEL_QUALITY"
    assert answer["environment"]["start_time"] == "2026-01-31T06:00:00Z"
    assert manifest_of(monitor_window, answer, "captured")[1:] == ["AllTraffic/2026/01/31/10/00-00-000-b.jsonl"]
    assert (answer["since"], answer["state_key"]) == ("", "monitoring/scones/quality-state.json")
    assert answer["notice"]["detail_type"] == "LowQuality"
    drift = monitor_window.lambda_handler(EVENT, None)
    assert "analysis_type" not in drift["environment"]
    assert drift["state_key"] == "monitoring/scones/state.json"
    assert drift["notice"]["detail_type"] == "Drift"
    assert "ground_truth_source" not in drift["environment"]  # contradicted answers are no drift


def test_an_event_without_a_window_is_refused(monitor_window: ModuleType) -> None:
    with pytest.raises(monitor_window.EventNotUnderstood, match="it should have"):
        monitor_window.lambda_handler({"bucket": "captured"}, None)
