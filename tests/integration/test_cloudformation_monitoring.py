"""CloudFormation's resource types of Model Monitor, and AWS::SageMaker::Pipeline."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.conftest import COLOR_MODEL
from tests.integration.stacks import END_TIMEOUT_S, AnyClient, AnyStack
from tests.integration.test_cloudformation_sagemaker import GOOD, ROLE, archive, sagemaker

ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
HOURLY = {"ScheduleExpression": "cron(0 * ? * * *)"}
NOW = {"ScheduleExpression": "NOW", "DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT0H"}
OVER = {"Completed", "CompletedWithViolations", "Failed", "Stopped"}
TYPES = {
    "DataQuality": "data-quality",
    "ModelQuality": "model-quality",
    "ModelBias": "model-bias",
    "ModelExplainability": "model-explainability",
}


class Monitored(AnyStack):
    """A stack of an endpoint that captures data, a job definition and a schedule. Captured rows are in its bucket."""

    def __init__(self, client: AnyClient) -> None:
        super().__init__(client, "monitored")
        self.sagemaker = client("sagemaker")
        self.s3.create_bucket(Bucket=self.name)
        self.s3.put_object(Bucket=self.name, Key="model.tar.gz", Body=archive(GOOD))

    def capture(self) -> None:
        """Put rows that were captured five minutes ago."""
        moment = datetime.now(UTC) - timedelta(minutes=5)
        lines = "".join(json.dumps(captured(number, moment)) + "\n" for number in range(20))
        key = f"captured/{self.name}/AllTraffic/{moment:%Y/%m/%d/%H/%M-%S}-000-x.jsonl"
        self.s3.put_object(Bucket=self.name, Key=key, Body=lines.encode())

    def template(self, definition: str, schedule: str, when: dict[str, str], captures: str = "true") -> str:
        """Return a template; `definition` and `schedule` are the ends of their names."""
        config = {
            "MonitoringJobDefinitionName": f"{self.name}-{definition}",
            "MonitoringType": "DataQuality",
            "ScheduleConfig": when,
        }
        resources = {
            **self._hosting(captures),
            "Definition": sagemaker(
                "DataQualityJobDefinition", JobDefinitionName=f"{self.name}-{definition}", **self.job("DataQuality")
            ),
            "Schedule": {
                **sagemaker(
                    "MonitoringSchedule",
                    MonitoringScheduleName=f"{self.name}-{schedule}",
                    MonitoringScheduleConfig=config,
                    Tags=[{"Key": "team", "Value": "bikes"}],
                ),
                "DependsOn": ["Definition", "Endpoint"],
            },
        }
        outputs = {
            "Definition": {"Ref": "Definition"},
            "DefinitionCreated": {"Fn::GetAtt": ["Definition", "CreationTime"]},
            "DefinitionArn": {"Fn::GetAtt": ["Definition", "JobDefinitionArn"]},
            "Schedule": {"Ref": "Schedule"},
            "ScheduleArn": {"Fn::GetAtt": ["Schedule", "MonitoringScheduleArn"]},
            "ScheduleCreated": {"Fn::GetAtt": ["Schedule", "CreationTime"]},
            "ScheduleModified": {"Fn::GetAtt": ["Schedule", "LastModifiedTime"]},
        }
        return body(resources, outputs)

    def _hosting(self, captures: str) -> dict[str, Any]:
        variant = {"VariantName": "AllTraffic", "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}}
        capture = {
            "EnableCapture": captures,
            "InitialSamplingPercentage": "100",
            "DestinationS3Uri": f"s3://{self.name}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        }
        variants = [{**variant, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large", "InitialVariantWeight": 1}]
        container = {"Image": COLOR_MODEL, "ModelDataUrl": f"s3://{self.name}/model.tar.gz"}
        config = {"Fn::GetAtt": ["Config", "EndpointConfigName"]}
        return {
            "Model": sagemaker("Model", ExecutionRoleArn=ROLE, PrimaryContainer=container),
            "Config": sagemaker("EndpointConfig", ProductionVariants=variants, DataCaptureConfig=capture),
            "Endpoint": sagemaker("Endpoint", EndpointName=self.name, EndpointConfigName=config),
        }

    def job(self, type_: str) -> dict[str, Any]:
        """Return the properties of a job definition. Numbers are text, as parameters of a template are."""
        inputs: dict[str, Any] = {"EndpointInput": {"EndpointName": self.name, "LocalPath": "/opt/ml/processing/in"}}
        if type_ in ("ModelQuality", "ModelBias"):
            inputs["GroundTruthS3Input"] = {"S3Uri": f"s3://{self.name}/truth"}
        output = {"S3Uri": f"s3://{self.name}/reports", "LocalPath": "/opt/ml/processing/out"}
        cluster = {"InstanceCount": "1", "InstanceType": "ml.m5.large", "VolumeSizeInGB": "20"}
        application = {"ImageUri": ANALYZER}
        if type_ in ("ModelBias", "ModelExplainability"):
            application["ConfigUri"] = f"s3://{self.name}/config.json"
        return {
            f"{type_}AppSpecification": application,
            f"{type_}JobInput": inputs,
            f"{type_}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
            "JobResources": {"ClusterConfig": cluster},
            "RoleArn": ROLE,
        }

    def execution(self, schedule: str) -> dict[str, Any]:
        """Return the only execution of a schedule when it is over."""
        deadline = time.monotonic() + END_TIMEOUT_S
        while True:
            answer = self.sagemaker.list_monitoring_executions(MonitoringScheduleName=f"{self.name}-{schedule}")
            summaries = answer["MonitoringExecutionSummaries"]
            if summaries and summaries[0]["MonitoringExecutionStatus"] in OVER:
                (execution,) = summaries
                return dict(execution)
            assert time.monotonic() < deadline, summaries
            time.sleep(0.2)

    def names(self) -> list[str]:
        """Return the schedules and definitions of this stack, in SageMaker."""
        schedules = self.sagemaker.list_monitoring_schedules(NameContains=self.name)["MonitoringScheduleSummaries"]
        definitions = self.sagemaker.list_data_quality_job_definitions(NameContains=self.name)
        return sorted(
            [one["MonitoringScheduleName"].removeprefix(f"{self.name}-") for one in schedules]
            + [
                one["MonitoringJobDefinitionName"].removeprefix(f"{self.name}-")
                for one in definitions["JobDefinitionSummaries"]
            ]
        )


def captured(number: int, moment: datetime) -> dict[str, Any]:
    sides = {"endpointInput": ("INPUT", f"{number % 7},{number % 3}"), "endpointOutput": ("OUTPUT", f"0.{number % 9}")}
    data = {
        name: {"observedContentType": "text/csv", "mode": mode, "data": text, "encoding": "CSV"}
        for name, (mode, text) in sides.items()
    }
    metadata = {"eventId": str(number), "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
    return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}


def body(resources: dict[str, Any], outputs: dict[str, Any]) -> str:
    return json.dumps({"Resources": resources, "Outputs": {key: {"Value": value} for key, value in outputs.items()}})


@pytest.fixture
def monitored(client: AnyClient) -> Iterator[Monitored]:
    monitored = Monitored(client)
    yield monitored
    monitored.remove()
    assert monitored.names() == []
    objects = monitored.s3.list_objects_v2(Bucket=monitored.name).get("Contents", [])
    for one in objects:
        monitored.s3.delete_object(Bucket=monitored.name, Key=one["Key"])
    monitored.s3.delete_bucket(Bucket=monitored.name)


def test_a_schedule_of_a_stack_fires_and_goes_with_the_stack(monitored: Monitored) -> None:
    monitored.capture()
    assert monitored.create_from(monitored.template("a", "s", NOW))["StackStatus"] == "CREATE_COMPLETE", (
        monitored.reasons()
    )
    outputs = monitored.outputs()
    schedule = monitored.sagemaker.describe_monitoring_schedule(MonitoringScheduleName=f"{monitored.name}-s")
    assert outputs["Schedule"] == outputs["ScheduleArn"] == schedule["MonitoringScheduleArn"]
    assert outputs["ScheduleCreated"] == schedule["CreationTime"].isoformat()
    definition = monitored.sagemaker.describe_data_quality_job_definition(JobDefinitionName=f"{monitored.name}-a")
    assert outputs["Definition"] == outputs["DefinitionArn"] == definition["JobDefinitionArn"]
    assert outputs["DefinitionCreated"] == definition["CreationTime"].isoformat()
    assert definition["JobResources"]["ClusterConfig"]["VolumeSizeInGB"] == 20
    tags = monitored.sagemaker.list_tags(ResourceArn=outputs["Schedule"])["Tags"]
    assert {"Key": "team", "Value": "bikes"} in tags

    execution = monitored.execution("s")
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    reports = monitored.s3.list_objects_v2(Bucket=monitored.name, Prefix="reports/")["Contents"]
    assert any(one["Key"].endswith("/statistics.json") for one in reports)
    assert monitored.delete()["StackStatus"] == "DELETE_COMPLETE"
    assert monitored.names() == []


def test_an_update_replaces_a_definition_and_keeps_its_schedule(monitored: Monitored) -> None:
    monitored.create_from(monitored.template("a", "s", HOURLY))
    before = monitored.outputs()
    daily = {"ScheduleExpression": "cron(0 5 ? * * *)"}
    assert monitored.update_to(monitored.template("b", "s", daily))["StackStatus"] == "UPDATE_COMPLETE"
    after = monitored.outputs()
    assert (after["Schedule"], after["ScheduleCreated"]) == (before["Schedule"], before["ScheduleCreated"])
    assert after["ScheduleModified"] > before["ScheduleModified"]
    assert after["Definition"] == before["Definition"].removesuffix("a") + "b"
    schedule = monitored.sagemaker.describe_monitoring_schedule(MonitoringScheduleName=f"{monitored.name}-s")
    assert schedule["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"] == f"{monitored.name}-b"
    assert schedule["MonitoringScheduleConfig"]["ScheduleConfig"] == daily
    assert monitored.names() == ["b", "s"]

    assert monitored.update_to(monitored.template("b", "t", daily))["StackStatus"] == "UPDATE_COMPLETE"
    assert monitored.outputs()["Schedule"].endswith("-t")
    assert monitored.names() == ["b", "t"]


def test_a_schedule_that_sagemaker_refuses_rolls_the_stack_back(monitored: Monitored) -> None:
    created = monitored.create_from(monitored.template("a", "s", HOURLY, captures="false"))
    assert created["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Data capture is not enabled" in monitored.reasons()
    assert monitored.names() == []


def test_definitions_of_all_types_are_created_with_generated_names(monitored: Monitored) -> None:
    resources = {f"My{type_}": sagemaker(f"{type_}JobDefinition", **monitored.job(type_)) for type_ in TYPES}
    monitored.create_from(body(resources, {type_: {"Ref": f"My{type_}"} for type_ in TYPES}))
    outputs = monitored.outputs()
    for type_, kind in TYPES.items():
        resource, name = outputs[type_].rpartition(":")[2].split("/")
        assert resource == f"{kind}-job-definition"
        assert name.lower().startswith(f"cfn-my{type_.lower()}"[:24] + "-"), outputs


@pytest.mark.parametrize("attribute", ["MonitoringScheduleName", "MonitoringScheduleStatus"])
def test_an_attribute_that_a_schedule_does_not_have_is_refused(monitored: Monitored, attribute: str) -> None:
    template = json.loads(monitored.template("a", "s", HOURLY))
    template["Outputs"]["Name"] = {"Value": {"Fn::GetAtt": ["Schedule", attribute]}}
    with pytest.raises(ClientError, match=f"does not support attribute type {attribute}"):
        monitored.create_from(json.dumps(template))


def pipeline(stack: AnyStack, description: str, **definition: Any) -> str:
    resource = sagemaker(
        "Pipeline",
        PipelineName=stack.name,
        PipelineDescription=description,
        PipelineDefinition=definition,
        RoleArn=ROLE,
        ParallelismConfiguration={"MaxParallelExecutionSteps": "3"},
        Tags=[{"Key": "team", "Value": "bikes"}],
    )
    return body({"Pipeline": resource}, {"Name": {"Ref": "Pipeline"}})


def definition_that_fails(message: str) -> str:
    step = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": message}}
    return json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": [step]})


def test_a_pipeline_is_created_updated_and_deleted(client: AnyClient) -> None:
    stack, service = AnyStack(client, "pipeline"), client("sagemaker")
    stack.create_from(pipeline(stack, "first", PipelineDefinitionBody=definition_that_fails("one")))
    assert stack.outputs() == {"Name": stack.name}, stack.reasons()
    described = service.describe_pipeline(PipelineName=stack.name)
    assert described["PipelineDescription"] == "first"
    assert described["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 3}
    stack.s3.create_bucket(Bucket=stack.name)
    stack.s3.put_object(Bucket=stack.name, Key="definition.json", Body=definition_that_fails("two").encode())
    location = {"Bucket": stack.name, "Key": "definition.json"}
    updated = stack.update_to(pipeline(stack, "second", PipelineDefinitionS3Location=location))
    assert updated["StackStatus"] == "UPDATE_COMPLETE", stack.reasons()
    described = service.describe_pipeline(PipelineName=stack.name)
    assert described["PipelineDescription"] == "second"
    assert "two" in described["PipelineDefinition"]
    stack.remove()
    with pytest.raises(ClientError, match="does not exist"):
        service.describe_pipeline(PipelineName=stack.name)
    stack.s3.delete_object(Bucket=stack.name, Key="definition.json")
    stack.s3.delete_bucket(Bucket=stack.name)
