"""An emulator whose monitoring schedules go by the test's clock.

The analyzer is the contract container, which does what its arguments say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

BUCKET = "contract"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
INPUT, OUTPUT = "/opt/ml/processing/input/endpoint", "/opt/ml/processing/output"
COPY = f"copy={INPUT}:{OUTPUT}"
HOURLY = "cron(0 * ? * * *)"
ENDED = ("Completed", "CompletedWithViolations", "Failed", "Stopped")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
HOUR = 3600
TYPES = ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")
RESOURCES = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}}
OPERATION = {
    "DataQuality": "data_quality",
    "ModelQuality": "model_quality",
    "ModelBias": "model_bias",
    "ModelExplainability": "model_explainability",
}


@dataclass
class Clock:
    """A clock that only the test moves."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now


@dataclass
class Monitor:
    """One emulator with an endpoint `e` that captures data, and a clock."""

    emulator: Any
    client: Any
    s3: Any
    until: Any
    clock: Clock
    count: int = field(default=0)

    def advance(self, seconds: float) -> None:
        self.clock.now += seconds
        self.emulator.instance.monitoring.scheduler.wake()

    def captured(self, hour: float, text: str = "{}\n", variant: str = "AllTraffic") -> str:
        """Put a capture file of the hour that ends at `hour`, and return its key below the destination."""
        folder = datetime.fromtimestamp(hour - 1, UTC).strftime("%Y/%m/%d/%H")
        key = f"e/{variant}/{folder}/59-59-000-x.jsonl"
        self.s3.put_object(Bucket=BUCKET, Key=f"monitored/{key}", Body=text.encode())
        return key

    def define(self, name: str, type_: str = "DataQuality", *arguments: str, **changes: Any) -> str:
        request = definition(type_, *arguments)
        create = getattr(self.client, f"create_{OPERATION[type_]}_job_definition")
        arn: str = create(JobDefinitionName=name, **{**request, **changes})["JobDefinitionArn"]
        return arn

    def schedule(self, name: str, *arguments: str, expression: str = HOURLY, **more: Any) -> str:
        """Create a schedule with a definition of its own."""
        self.define(name, "DataQuality", *arguments)
        config = named(name, expression, **more)
        arn: str = self.client.create_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=config)[
            "MonitoringScheduleArn"
        ]
        self.scheduled(name)
        return arn

    def scheduled(self, name: str) -> dict[str, Any]:
        def accepted() -> Any:
            described = self.client.describe_monitoring_schedule(MonitoringScheduleName=name)
            return described if described["MonitoringScheduleStatus"] == "Scheduled" else None

        found: dict[str, Any] = self.until(accepted, f"{name} to be Scheduled")
        return found

    def executions(self, name: str, **request: Any) -> list[dict[str, Any]]:
        """Return the executions of a schedule, the first one first."""
        answer = self.client.list_monitoring_executions(MonitoringScheduleName=name, SortOrder="Ascending", **request)
        found: list[dict[str, Any]] = answer["MonitoringExecutionSummaries"]
        return found

    def ended(self, name: str, count: int = 1) -> dict[str, Any]:
        """Return the last of `count` executions when all have ended."""

        def over() -> Any:
            found = self.executions(name)
            done = len(found) >= count and all(one["MonitoringExecutionStatus"] in ENDED for one in found)
            return found[-1] if done else None

        last: dict[str, Any] = self.until(over, f"{count} executions of {name}")
        return last

    def processing(self, execution: dict[str, Any]) -> dict[str, Any]:
        name = execution["ProcessingJobArn"].rpartition("/")[2]
        job: dict[str, Any] = self.client.describe_processing_job(ProcessingJobName=name)
        return job


def definition(type_: str, *arguments: str) -> dict[str, Any]:
    application: dict[str, Any] = {"ImageUri": IMAGE}
    if type_ in ("ModelBias", "ModelExplainability"):
        application["ConfigUri"] = f"s3://{BUCKET}/config.json"
    elif arguments:
        application["ContainerArguments"] = list(arguments)
    inputs: dict[str, Any] = {"EndpointInput": {"EndpointName": "e", "LocalPath": INPUT}}
    if type_ in ("ModelQuality", "ModelBias"):
        inputs["GroundTruthS3Input"] = {"S3Uri": f"s3://{BUCKET}/truth"}
    output = {"S3Uri": f"s3://{BUCKET}/reports", "LocalPath": OUTPUT}
    return {
        f"{type_}AppSpecification": application,
        f"{type_}JobInput": inputs,
        f"{type_}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
        "JobResources": RESOURCES,
        "RoleArn": ROLE,
    }


def named(name: str, expression: str = HOURLY, **schedule: str) -> dict[str, Any]:
    config = {"MonitoringJobDefinitionName": name, "MonitoringType": "DataQuality"}
    return {**config, "ScheduleConfig": {"ScheduleExpression": expression, **schedule}}


def capturing(hosting: Any) -> None:
    """Create the endpoint `e`, which captures data, and `silent`, which does not."""
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/monitored",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    assert hosting.simple("e", DataCaptureConfig=capture)["EndpointStatus"] == "InService"
    hosting.config("silent", {"VariantName": "AllTraffic", "ModelName": "e"})
    hosting.endpoint("silent", "silent")


def keys(s3: Any, prefix: str) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())]
