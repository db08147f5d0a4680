"""A monitoring schedule with the Docker engine: where AWS's images cannot be pulled, the kit's analyzer runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.docker.conftest import BUCKET, ROLE

REGISTRY = "156813124566.dkr.ecr.us-east-1.amazonaws.com"
ANALYZER = f"{REGISTRY}/sagemaker-model-monitor-analyzer"
BUILD_TIMEOUT_S = 900.0
NAME = "watched"
ROWS = 20
OVER = ("Completed", "CompletedWithViolations", "Failed", "Stopped")


def record(number: int, moment: datetime) -> dict[str, Any]:
    sides = {"endpointInput": ("INPUT", f"{number % 7},{number % 3}"), "endpointOutput": ("OUTPUT", str(number % 2))}
    data = {
        name: {"observedContentType": "text/csv", "mode": mode, "data": text, "encoding": "CSV"}
        for name, (mode, text) in sides.items()
    }
    metadata = {"eventId": str(number), "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
    return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}


def label(number: int) -> dict[str, Any]:
    truth = {"data": str(number % 2), "encoding": "CSV"}
    return {"groundTruthData": truth, "eventMetadata": {"eventId": str(number)}, "eventVersion": "0"}


def put_lines(emulator: Any, key: str, lines: list[dict[str, Any]]) -> None:
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    emulator.s3.put_object(Bucket=BUCKET, Key=key, Body=body)


@pytest.fixture(scope="module")
def watched(emulator: Any) -> Any:
    """Return the emulator with an endpoint that captures data, and with records and labels of this hour."""
    emulator.create(NAME, {"model": "v1"})
    assert emulator.ended(NAME)["TrainingJobStatus"] == "Completed"
    client, model = emulator.sagemaker, f"s3://{BUCKET}/models/{NAME}/output/model.tar.gz"
    container = {"Image": emulator.image, "ModelDataUrl": model}
    client.create_model(ModelName=NAME, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    variant = {"VariantName": "AllTraffic", "ModelName": NAME, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/{NAME}",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    client.create_endpoint_config(EndpointConfigName=NAME, ProductionVariants=[variant], DataCaptureConfig=capture)
    client.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
    assert emulator.settled(NAME)["EndpointStatus"] == "InService"
    moment = datetime.now(UTC) - timedelta(minutes=5)
    records = [record(number, moment) for number in range(ROWS)]
    put_lines(emulator, f"{NAME}/{NAME}/AllTraffic/{moment:%Y/%m/%d/%H/%M-%S}-000-x.jsonl", records)
    put_lines(emulator, f"truth/{moment:%Y/%m/%d/%H}/labels.jsonl", [label(number) for number in range(ROWS)])
    return emulator


def execution(emulator: Any, until: Callable[..., Any], type_: str, application: Any, **more: Any) -> dict[str, Any]:
    """Run a definition of a type once, over the last hour, and return its execution when that is over."""
    name = f"{NAME}-{type_.lower()}"
    definition = {
        f"{type_}AppSpecification": {"ImageUri": ANALYZER, **application},
        f"{type_}JobInput": {
            "EndpointInput": {"EndpointName": NAME, "LocalPath": "/opt/ml/processing/input/endpoint", **more},
            **({"GroundTruthS3Input": {"S3Uri": f"s3://{BUCKET}/truth"}} if type_ == "ModelQuality" else {}),
        },
        f"{type_}JobOutputConfig": {
            "MonitoringOutputs": [
                {"S3Output": {"S3Uri": f"s3://{BUCKET}/reports", "LocalPath": "/opt/ml/processing/output"}}
            ]
        },
        "JobResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "RoleArn": ROLE,
    }  # fmt: skip
    operation = {"DataQuality": "data_quality", "ModelQuality": "model_quality"}[type_]
    getattr(emulator.sagemaker, f"create_{operation}_job_definition")(JobDefinitionName=name, **definition)
    when = {"ScheduleExpression": "NOW", "DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT0H"}
    emulator.sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=name,
        MonitoringScheduleConfig={
            "MonitoringJobDefinitionName": name,
            "MonitoringType": type_,
            "ScheduleConfig": when,
        },
    )

    def over() -> dict[str, Any] | None:
        answer = emulator.sagemaker.list_monitoring_executions(MonitoringScheduleName=name)
        found: list[dict[str, Any]] = answer["MonitoringExecutionSummaries"]
        return found[0] if found and found[0]["MonitoringExecutionStatus"] in OVER else None

    ended: dict[str, Any] = until(over, f"the execution of {name}", BUILD_TIMEOUT_S)
    emulator.sagemaker.delete_monitoring_schedule(MonitoringScheduleName=name)
    return ended


def statistics(emulator: Any, schedule: str) -> dict[str, Any]:
    listed = emulator.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"reports/{NAME}/{schedule}/")["Contents"]
    (key,) = [one["Key"] for one in listed if one["Key"].endswith("/statistics.json")]
    document: dict[str, Any] = json.loads(emulator.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    return document


def test_a_schedule_of_data_quality_analyzes_captured_tables(watched: Any, until: Callable[..., Any]) -> None:
    ended = execution(watched, until, "DataQuality", {})
    assert ended["MonitoringExecutionStatus"] == "Completed", ended
    assert statistics(watched, f"{NAME}-dataquality")["dataset"] == {"item_count": ROWS}


def test_a_schedule_of_model_quality_merges_ground_truth_first(watched: Any, until: Callable[..., Any]) -> None:
    ended = execution(
        watched, until, "ModelQuality", {"ProblemType": "BinaryClassification"}, InferenceAttribute="0"
    )  # fmt: skip
    assert ended["MonitoringExecutionStatus"] == "Completed", ended
    metrics = statistics(watched, f"{NAME}-modelquality")["binary_classification_metrics"]
    assert metrics["accuracy"]["value"] == 1
