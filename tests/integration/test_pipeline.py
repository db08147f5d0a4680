"""The pipeline: a good model goes into service, a bad one stops at the gate, and a failed update is rolled back."""

from __future__ import annotations

import io
import json
import random
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from tests.waiting import until

from scones.deployment import packaging

from .red_and_blue import TRAIN_IMAGES, picture, put_images, put_manifest

ROOT = Path(__file__).parents[2]
DEFINITION = (ROOT / "local_stepfunctions" / "train-and-deploy.asl.json").read_text()
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/color-model:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
NAME = f"pipeline-{uuid4().hex[:8]}"
FUNCTIONS = {"InspectData": "inspect_data", "Evaluate": "evaluate", "SmokeTest": "smoke_test"}
DEADLINE_S = 180
CANARY_WAIT_S = 8
ALARMS = {
    "ErrorsAlarm": ("AWS/SageMaker", "Invocation5XXErrors", 1.0),
    "LatencyAlarm": ("AWS/SageMaker", "ModelLatency", 60e6),
    "DriftAlarm": ("aws/sagemaker/Endpoints/data-metrics", "drift", 1.0),
}


def create_function(folder: str) -> str:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.write(ROOT / "src" / "functions" / folder / "app.py", "app.py")
    client = boto3.client("lambda")
    arn: str = client.create_function(
        FunctionName=f"{NAME}-{folder}",
        Runtime="python3.12",
        Handler="app.lambda_handler",
        Role=ROLE,
        Timeout=60,
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"ENDPOINT_NAME": NAME}},
    )["FunctionArn"]
    client.get_waiter("function_active_v2").wait(FunctionName=arn, WaiterConfig={"Delay": 1})
    return arn


@dataclass(frozen=True)
class Outcome:
    execution: dict[str, Any]
    history: list[dict[str, Any]]

    @property
    def name(self) -> str:
        """The common name of the run's training job, model and endpoint configuration."""
        (output,) = [
            event["stateExitedEventDetails"]["output"]
            for event in self.history
            if event.get("stateExitedEventDetails", {}).get("name") == "Name"
        ]
        return str(json.loads(output)["name"])

    @property
    def states(self) -> list[str]:
        return [
            event["stateEnteredEventDetails"]["name"] for event in self.history if "stateEnteredEventDetails" in event
        ]


@dataclass(frozen=True)
class Pipeline:
    arn: str
    queue: str

    def run(self, at_least: float = 0.8, latency_at_most_ms: float = 5000, **hyperparameters: str) -> Outcome:
        execution_input = {
            "image": IMAGE,
            "training_instance_type": "ml.m5.large",
            "endpoint_instance_type": "ml.m5.large",
            "hyperparameters": hyperparameters,
            "gate": {"accuracy_at_least": at_least, "tolerance": 0.02},
            "latency_at_most_ms": latency_at_most_ms,
            "canary_wait_s": CANARY_WAIT_S,
        }
        client = boto3.client("stepfunctions")
        boto3.client("sqs").purge_queue(QueueUrl=self.queue)
        arn = client.start_execution(stateMachineArn=self.arn, input=json.dumps(execution_input))["executionArn"]
        deadline = time.monotonic() + DEADLINE_S
        while (described := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline, f"still RUNNING after {DEADLINE_S} s: {history_of(arn)[-1]}"
        return Outcome(described, history_of(arn))

    def notification(self) -> dict[str, Any]:
        """Take the single notification from the queue."""
        answer = boto3.client("sqs").receive_message(QueueUrl=self.queue, WaitTimeSeconds=20)
        (message,) = answer["Messages"]
        boto3.client("sqs").delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        notification: dict[str, Any] = json.loads(message["Body"])
        return notification


def history_of(arn: str) -> list[dict[str, Any]]:
    pages = boto3.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    s3, sns, sqs, sagemaker = (boto3.client(name) for name in ("s3", "sns", "sqs", "sagemaker"))
    s3.create_bucket(Bucket=NAME)
    put_images(NAME)
    for split in ("test", "train"):
        put_manifest(NAME, split)
    topic = sns.create_topic(Name=NAME)["TopicArn"]
    queue = sqs.create_queue(QueueName=NAME)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    sagemaker.create_model_package_group(ModelPackageGroupName=NAME)
    substitutions = {
        **{f"{name}FunctionArn": create_function(folder) for name, folder in FUNCTIONS.items()},
        "Bucket": NAME,
        "EndpointName": NAME,
        "ModelPackageGroupName": NAME,
        "NotificationsTopicArn": topic,
        "SageMakerRoleArn": ROLE,
        "CodeBucket": NAME,
        "MonitorImage": IMAGE,
        "MonitorProgram": "stack/programs/monitor.zip",
        "MonitorProgramFile": "monitor.zip",
        **{alarm: f"{NAME}-{alarm}" for alarm in ALARMS},
    }
    create_alarms()
    s3.put_object(Bucket=NAME, Key="stack/programs/monitor.zip", Body=packaging.program(ROOT, packaging.MONITOR).data)
    stepfunctions = boto3.client("stepfunctions")
    arn = stepfunctions.create_state_machine(name=NAME, definition=substituted(substitutions), roleArn=ROLE)
    yield Pipeline(arn["stateMachineArn"], queue)
    stepfunctions.delete_state_machine(stateMachineArn=arn["stateMachineArn"])
    boto3.client("cloudwatch").delete_alarms(AlarmNames=[f"{NAME}-{alarm}" for alarm in ALARMS])
    remove_resources_of_runs()
    for folder in FUNCTIONS.values():
        boto3.client("lambda").delete_function(FunctionName=f"{NAME}-{folder}")
    sns.delete_topic(TopicArn=topic)
    sqs.delete_queue(QueueUrl=queue)


def create_alarms() -> None:
    dimensions = [{"Name": "EndpointName", "Value": NAME}, {"Name": "VariantName", "Value": "AllTraffic"}]
    for alarm, (namespace, metric, threshold) in ALARMS.items():
        boto3.client("cloudwatch").put_metric_alarm(
            AlarmName=f"{NAME}-{alarm}",
            Namespace=namespace,
            MetricName=metric,
            Dimensions=dimensions,
            Statistic="Maximum",
            Period=10,
            EvaluationPeriods=1,
            Threshold=threshold,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )


def substituted(substitutions: dict[str, str]) -> str:
    text = DEFINITION
    for name, value in substitutions.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def remove_resources_of_runs() -> None:
    sagemaker, s3 = boto3.client("sagemaker"), boto3.client("s3")
    if sagemaker.list_endpoints(NameContains=NAME)["Endpoints"]:
        sagemaker.delete_endpoint(EndpointName=NAME)
    for config in remaining()["configs"]:
        sagemaker.delete_endpoint_config(EndpointConfigName=config)
    for model in remaining()["models"]:
        sagemaker.delete_model(ModelName=model)
    for package in packages():
        sagemaker.delete_model_package(ModelPackageName=package["ModelPackageArn"])
    sagemaker.delete_model_package_group(ModelPackageGroupName=NAME)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=NAME):
        for listed in page.get("Contents", []):
            s3.delete_object(Bucket=NAME, Key=listed["Key"])


def remaining() -> dict[str, set[str]]:
    """Return the names of the endpoint configurations and models that exist."""
    sagemaker = boto3.client("sagemaker")
    configs = sagemaker.list_endpoint_configs(NameContains=NAME)["EndpointConfigs"]
    models = sagemaker.list_models(NameContains=NAME)["Models"]
    return {
        "configs": {config["EndpointConfigName"] for config in configs},
        "models": {model["ModelName"] for model in models},
    }


def packages() -> list[dict[str, Any]]:
    """Return the model packages, newest first."""
    summaries: list[dict[str, Any]] = boto3.client("sagemaker").list_model_packages(
        ModelPackageGroupName=NAME, SortBy="CreationTime", SortOrder="Descending"
    )["ModelPackageSummaryList"]
    return summaries


def endpoint() -> dict[str, Any]:
    description: dict[str, Any] = boto3.client("sagemaker").describe_endpoint(EndpointName=NAME)
    return description


@pytest.fixture(scope="module")
def first(pipeline: Pipeline) -> tuple[Outcome, dict[str, Any]]:
    """Run the pipeline once before any endpoint exists; return the outcome and the notification."""
    return pipeline.run(), pipeline.notification()


def test_a_good_model_is_registered_and_put_into_service(first: tuple[Outcome, dict[str, Any]]) -> None:
    outcome, notification = first
    assert outcome.execution["status"] == "SUCCEEDED", outcome.execution.get("cause")
    assert (endpoint()["EndpointStatus"], endpoint()["EndpointConfigName"]) == ("InService", outcome.name)
    assert endpoint()["DataCaptureConfig"]["EnableCapture"]
    assert remaining() == {"configs": {outcome.name}, "models": {outcome.name}}
    sagemaker = boto3.client("sagemaker")
    package = sagemaker.describe_model_package(ModelPackageName=packages()[0]["ModelPackageArn"])
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["CustomerMetadataProperties"] == {"training_job": outcome.name, "accuracy": "1.0000"}
    container = sagemaker.describe_model(ModelName=outcome.name)["PrimaryContainer"]
    assert container["ModelPackageName"] == package["ModelPackageArn"]
    report = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"].partition(f"{NAME}/")[2]
    quality = json.loads(boto3.client("s3").get_object(Bucket=NAME, Key=report)["Body"].read())
    assert quality["multiclass_classification_metrics"]["confusion_matrix"] == {"0": {"0": 4}, "1": {"1": 4}}
    assert notification["Subject"] == "Scones Unlimited: a new model is in service"
    assert "New model: 1.000, 8 of 8 (class 0 1.000, 4 of 4, class 1 1.000, 4 of 4)" in notification["Message"]


def test_a_model_trained_on_wrong_labels_stops_at_the_gate(pipeline: Pipeline, first: tuple[Outcome, object]) -> None:
    before, kept, versions = endpoint(), remaining(), packages()
    put_manifest(NAME, "train", [1 - index % 2 for index in range(TRAIN_IMAGES)])
    try:
        outcome = pipeline.run()
    finally:
        put_manifest(NAME, "train")
    assert (outcome.execution["status"], outcome.execution["error"]) == ("FAILED", "StoppedAtGate")
    assert endpoint() | {"ResponseMetadata": 0} == before | {"ResponseMetadata": 0}
    assert (remaining(), packages()) == (kept, versions)
    notification = pipeline.notification()
    assert notification["Subject"] == "Scones Unlimited: a new model stopped at the gate"
    assert "accuracy 0.000 is below 0.800" in notification["Message"]
    assert f"Model in service: 1.000, 8 of 8 ({first[0].name})" in notification["Message"]


def test_a_model_worse_than_the_one_in_service_stops_at_the_gate_even_above_the_floor(
    pipeline: Pipeline, first: object
) -> None:
    before = endpoint()
    put_manifest(NAME, "train", [1 - index % 2 for index in range(TRAIN_IMAGES)])
    try:
        outcome = pipeline.run(at_least=0)
    finally:
        put_manifest(NAME, "train")
    assert outcome.execution["error"] == "StoppedAtGate"
    assert "more than 0.020 below that of the model in service, 1.000" in outcome.execution["cause"]
    assert endpoint()["EndpointConfigName"] == before["EndpointConfigName"]
    pipeline.notification()


@dataclass
class Load:
    """Invocations of the endpoint at a steady rate, without waiting for answers, while the block runs."""

    rate: float
    answered: int = 0
    errors: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Load:
        self._runtime = boto3.client("sagemaker-runtime")
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        body, due = picture(0, random.Random(1)), time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            while not self._over.wait(max(0.0, due - time.monotonic())):
                due += 1 / self.rate
                pool.submit(self._invoke, body)

    def _invoke(self, body: bytes) -> None:
        try:
            self._runtime.invoke_endpoint(EndpointName=NAME, ContentType="application/x-image", Body=body)
            self.answered += 1
        except (BotoCoreError, ClientError) as error:
            self.errors.append(str(error))


def test_a_container_that_cannot_start_is_rolled_back_under_load(pipeline: Pipeline, first: object) -> None:
    before, kept = endpoint(), remaining()
    began = time.monotonic()
    with Load(20) as load:
        outcome = pipeline.run(at_endpoint="refuse")
    took_s = time.monotonic() - began
    assert (outcome.execution["status"], outcome.execution["error"]) == ("FAILED", "EndpointDidNotStart")
    assert load.errors == []
    assert load.answered > 20 * took_s * 0.9
    assert (endpoint()["EndpointStatus"], endpoint()["EndpointConfigName"]) == (
        "InService",
        before["EndpointConfigName"],
    )
    assert remaining() == kept
    assert "UpdateEndpointBack" not in outcome.states  # SageMaker itself rolled back
    assert packages()[0]["ModelApprovalStatus"] == "Rejected"
    assert "EndpointDidNotStart" in pipeline.notification()["Message"]


def test_a_model_that_fails_for_its_canary_is_rolled_back_by_the_alarm(pipeline: Pipeline, first: object) -> None:
    before, kept = endpoint(), remaining()
    with Load(20) as load:
        outcome = pipeline.run(at_endpoint="fail")
    assert outcome.execution["error"] == "EndpointDidNotStart", outcome.execution["cause"]
    assert f"{NAME}-ErrorsAlarm" in outcome.execution["cause"]
    assert 0 < len(load.errors) < load.answered
    assert endpoint()["EndpointConfigName"] == before["EndpointConfigName"]
    assert remaining() == kept
    assert "UpdateEndpointBack" not in outcome.states  # SageMaker itself rolled back
    assert f"{NAME}-ErrorsAlarm" in pipeline.notification()["Message"]
    until_the_alarm_has_passed()


def state_of_errors_alarm() -> str:
    (alarm,) = boto3.client("cloudwatch").describe_alarms(AlarmNames=[f"{NAME}-ErrorsAlarm"])["MetricAlarms"]
    return str(alarm["StateValue"])


def until_the_alarm_has_passed() -> None:
    """An alarm that is in ALARM when an update begins rolls it back, too."""
    with Load(2):  # without errors in the newest period the alarm is OK again
        until(lambda: state_of_errors_alarm() != "ALARM", "the alarm to pass")


def test_a_failed_smoke_test_restores_the_previous_configuration(pipeline: Pipeline, first: object) -> None:
    before, kept = endpoint(), remaining()
    with Load(20) as load:
        outcome = pipeline.run(at_endpoint="lie")
    assert (outcome.execution["status"], outcome.execution["error"]) == ("FAILED", "WrongAnswer")
    assert load.errors == []
    assert endpoint()["EndpointConfigName"] == before["EndpointConfigName"]
    assert remaining() == kept
    assert "UpdateEndpointBack" in outcome.states
    assert packages()[0]["ModelApprovalStatus"] == "Rejected"
    assert "WrongAnswer" in pipeline.notification()["Message"]


def test_a_better_run_replaces_the_model_without_downtime(pipeline: Pipeline, first: tuple[Outcome, object]) -> None:
    with Load(20) as load:
        outcome = pipeline.run()
    assert outcome.execution["status"] == "SUCCEEDED", outcome.execution.get("cause")
    assert load.errors == []
    assert endpoint()["EndpointConfigName"] == outcome.name != first[0].name
    assert pipeline.notification()["Subject"] == "Scones Unlimited: a new model is in service"


def test_a_failed_training_sends_a_notification_and_leaves_nothing(pipeline: Pipeline, first: object) -> None:
    kept = remaining()
    outcome = pipeline.run(num_training_samples="1")
    assert outcome.execution["error"] == "States.TaskFailed"
    assert json.loads(outcome.execution["cause"])["TrainingJobStatus"] == "Failed"
    assert "DeleteCandidate" not in outcome.states  # there is none
    assert remaining() == kept
    assert pipeline.notification()["Subject"] == "Scones Unlimited: the pipeline failed"


def test_missing_images_are_reported_before_training(pipeline: Pipeline, first: object) -> None:
    put_manifest(NAME, "train", [index % 2 for index in range(TRAIN_IMAGES + 1)])
    try:
        outcome = pipeline.run()
    finally:
        put_manifest(NAME, "train")
    assert outcome.execution["error"] == "ImagesMissing"
    assert "Train" not in outcome.states
    assert "first 12.png" in pipeline.notification()["Message"]
