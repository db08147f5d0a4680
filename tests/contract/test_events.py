"""State changes reach EventBridge as AWS spells them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from tests.contract.pipeline_definitions import Pipelines, fail, processing

Events = Callable[[str, str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def events() -> Events:
    """Return a function that returns the details of one event type for one resource, in the order of arrival."""
    bridge, sqs = boto3.client("events"), boto3.client("sqs")
    queue = sqs.create_queue(QueueName="state-changes")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bridge.put_rule(Name="state-changes", EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
    bridge.put_targets(Rule="state-changes", Targets=[{"Id": "queue", "Arn": arn}])
    seen: list[dict[str, Any]] = []

    def read(detail_type: str, arn: str) -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        seen.extend(json.loads(message["Body"]) for message in messages)
        return [event["detail"] for event in seen if event["detail-type"] == detail_type and arn in event["resources"]]

    return read


def test_an_endpoint_sends_events_of_its_creation_service_and_deletion(
    hosting: Any, sagemaker: Any, events: Events, until: Any
) -> None:
    endpoint = hosting.simple("told")
    details = until(
        lambda: len(details := events("SageMaker Endpoint State Change", endpoint["EndpointArn"])) == 2 and details,
        "two events",
    )
    assert [detail["EndpointStatus"] for detail in details] == ["CREATING", "IN_SERVICE"]
    assert details[1]["EndpointName"] == "told"
    assert details[1]["EndpointConfigName"] == "told"
    assert details[1]["ProductionVariants"][0]["DesiredInstanceCount"] == 1
    assert abs(details[1]["CreationTime"] / 1000 - time.time()) < 3600
    assert isinstance(details[1]["CreationTime"], int)
    assert details[1]["Tags"] == {}
    sagemaker.delete_endpoint(EndpointName="told")
    until(
        lambda: (
            [detail["EndpointStatus"] for detail in events("SageMaker Endpoint State Change", endpoint["EndpointArn"])][
                2:
            ]
            == ["DELETING"]
        ),
        "the event of the deletion",
    )


def test_an_update_sends_an_event_of_each_stage_of_its_deployment(
    hosting: Any, sagemaker: Any, events: Events, until: Any
) -> None:
    for name in ("staged", "staged-new"):
        hosting.model(name)
        hosting.config(name, {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 2})
    arn = hosting.endpoint("staged", "staged")["EndpointArn"]
    size = {"Type": "CAPACITY_PERCENT", "Value": 50}
    routing = {"Type": "CANARY", "CanarySize": size, "WaitIntervalInSeconds": 0}
    sagemaker.update_endpoint(
        EndpointName="staged",
        EndpointConfigName="staged-new",
        DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}},
    )
    details = until(
        lambda: len(details := events("SageMaker Endpoint Deployment State Change", arn)) == 5 and details, "5 events"
    )
    assert {(one["EndpointStatus"], one["EndpointConfigName"]) for one in details} == {("UPDATING", "staged")}
    summaries = [one["PendingDeploymentSummary"] for one in details]
    assert {one["EndpointConfigName"] for one in summaries} == {"staged-new"}
    variants = [one["ProductionVariants"][0] for one in summaries]
    stages = [one["VariantStatus"][0]["Status"] for one in variants]
    assert stages == ["Creating", "ActivatingTraffic", "Baking", "ActivatingTraffic", "Baking"]
    assert [one["CurrentWeight"] for one in variants] == [0.0, 0.5, 0.5, 1.0, 1.0]
    assert isinstance(variants[0]["VariantStatus"][0]["StartTime"], int)  # milliseconds
    hosting.settled("staged")


def test_a_training_job_sends_an_event_of_every_secondary_status(jobs: Any, events: Events, until: Any) -> None:
    jobs.create("told-job", Tags=[{"Key": "team", "Value": "bikes"}])
    arn = jobs.ended("told-job")["TrainingJobArn"]

    def completed() -> list[dict[str, Any]] | None:
        details = events("SageMaker Training Job State Change", arn)
        return details if details and details[-1]["TrainingJobStatus"] == "Completed" else None

    details = until(completed, "the event of the end")
    assert [detail["SecondaryStatus"] for detail in details] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert details[-1]["AlgorithmSpecification"]["TrainingImage"].endswith("/contract:1")
    assert details[-1]["SecondaryStatusTransitions"][0]["Status"] == "Starting"
    assert isinstance(details[-1]["TrainingEndTime"], int)
    assert details[0]["Tags"] == {"team": "bikes"}


def test_the_event_of_a_failed_job_has_the_reason(jobs: Any, events: Events, until: Any) -> None:
    jobs.create("told-failed", {"exit_code": "1", "failure": "no bicycles"})
    arn = jobs.ended("told-failed")["TrainingJobArn"]
    details = until(
        lambda: [one for one in events("SageMaker Training Job State Change", arn) if "FailureReason" in one],
        "the event of the failure",
    )
    assert "no bicycles" in details[0]["FailureReason"]


def test_no_job_fails_when_eventbridge_does_not_answer(
    restartable: Any, make_jobs: Any, s3: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_EVENTBRIDGE", "http://127.0.0.1:1")
    with restartable() as emulator:
        jobs = make_jobs(emulator.client("sagemaker"), s3)
        jobs.create("untold")
        assert jobs.ended("untold")["TrainingJobStatus"] == "Completed"
    assert caplog.text.count("state changes do not reach EventBridge") == 1


def test_a_pipeline_sends_events_of_its_execution_and_steps(
    sagemaker: Any, s3: Any, events: Events, until: Any
) -> None:
    pipelines = Pipelines(sagemaker, until)
    s3.put_object(Bucket="contract", Key="pipelines/in/one.txt", Body=b"one")
    arn = pipelines.run("told-pipeline", processing("Told"), fail("Bad", "it is bad"))
    title = "SageMaker Model Building Pipeline Execution"
    steps = until(
        lambda: len(details := events(f"{title} Step Status Change", arn)) == 5 and details, "five events of steps"
    )
    told = [detail for detail in steps if detail["stepName"] == "Told"]
    assert [(one.get("previousStepStatus"), one["currentStepStatus"]) for one in told] == [
        (None, "Starting"), ("Starting", "Executing"), ("Executing", "Succeeded"),
    ]  # fmt: skip
    assert told[-1]["stepType"] == "Processing"
    assert told[-1]["metadata"]["processingJob"]["arn"].startswith("arn:aws:sagemaker:us-east-1:000000000000:proc")
    bad = [detail for detail in steps if detail["stepName"] == "Bad"]
    assert bad[-1]["failureReason"] == "it is bad"
    pipeline_arn = arn.partition("/execution/")[0]
    executions = until(
        lambda: len(details := events(f"{title} Status Change", pipeline_arn)) == 2 and details, "two events"
    )
    assert [one["currentPipelineExecutionStatus"] for one in executions] == ["Executing", "Failed"]
    assert executions[1] == {
        **executions[1],
        "previousPipelineExecutionStatus": "Executing",
        "pipelineArn": pipeline_arn,
        "pipelineExecutionArn": arn,
    }
    assert executions[1]["executionEndTime"].endswith("Z")
