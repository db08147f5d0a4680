"""Pipelines of the contract container, for the tests of definitions, executions and steps."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

BUCKET = "contract"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
INPUT, OUTPUT = "/opt/ml/processing/input", "/opt/ml/processing/output"
ENDED = ("Succeeded", "Failed", "Stopped")


def get(path: str) -> dict[str, str]:
    return {"Get": path}


def join(*values: Any, on: str = "") -> dict[str, Any]:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def step(name: str, type_name: str, arguments: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"Name": name, "Type": type_name, "Arguments": arguments, **members}


def training(name: str, parameters: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    arguments = {
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "HyperParameters": parameters or {},
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/pipelines/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        **members.pop("arguments", {}),
    }
    return step(name, "Training", arguments, **members)


def processing(name: str, *words: Any, source: Any = f"s3://{BUCKET}/pipelines/in/", **members: Any) -> dict[str, Any]:
    """Return a step whose container carries out the words. Its output `out` is `s3://contract/pipelines/<name>`."""
    input_ = {"S3Uri": source, "LocalPath": INPUT, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    output = {"S3Uri": f"s3://{BUCKET}/pipelines/{name}", "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"}
    arguments = {
        "AppSpecification": {"ImageUri": IMAGE, "ContainerArguments": list(words) or ["say=nothing"]},
        "RoleArn": ROLE,
        "ProcessingInputs": [{"InputName": "in", "S3Input": input_}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": output}]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
    }
    return step(name, "Processing", arguments, **members)


def equals(left: Any, right: Any) -> dict[str, Any]:
    return {"Type": "Equals", "LeftValue": left, "RightValue": right}


def condition(
    name: str, conditions: list[Any], if_steps: list[Any] | None = None, else_steps: list[Any] | None = None
) -> dict[str, Any]:
    arguments = {"Conditions": conditions, "IfSteps": if_steps or [], "ElseSteps": else_steps or []}
    return step(name, "Condition", arguments)


def fail(name: str, message: Any = "as you wish") -> dict[str, Any]:
    return step(name, "Fail", {"ErrorMessage": message})


def definition(*steps: dict[str, Any], parameters: list[dict[str, Any]] | None = None, **members: Any) -> str:
    document = {"Version": "2020-12-01", "Metadata": {}, "Parameters": parameters or [], "Steps": list(steps)}
    return json.dumps({**document, **members})


@dataclass
class Pipelines:
    """Pipelines of one emulator."""

    client: Any
    until: Any

    def create(self, name: str, *steps: dict[str, Any], **members: Any) -> str:
        request = members.pop("request", {})
        text = definition(*steps, **members)
        arn: str = self.client.create_pipeline(PipelineName=name, PipelineDefinition=text, RoleArn=ROLE, **request)[
            "PipelineArn"
        ]
        return arn

    def start(self, name: str, parameters: dict[str, str] | None = None, **members: Any) -> str:
        named = [{"Name": key, "Value": value} for key, value in (parameters or {}).items()]
        arn: str = self.client.start_pipeline_execution(PipelineName=name, PipelineParameters=named, **members)[
            "PipelineExecutionArn"
        ]
        return arn

    def ended(self, arn: str) -> dict[str, Any]:
        def over() -> dict[str, Any] | None:
            execution = self.client.describe_pipeline_execution(PipelineExecutionArn=arn)
            return execution if execution["PipelineExecutionStatus"] in ENDED else None

        execution: dict[str, Any] = self.until(over, f"the end of {arn}")
        return execution

    def steps(self, arn: str) -> dict[str, dict[str, Any]]:
        listed = self.client.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
        return {one["StepName"]: one for one in listed}

    def statuses(self, arn: str) -> dict[str, str]:
        return {name: one["StepStatus"] for name, one in self.steps(arn).items()}

    def run(self, name: str, *steps: dict[str, Any], values: dict[str, str] | None = None, **members: Any) -> str:
        """Create a pipeline, and run it to its end; return the ARN of the execution."""
        self.create(name, *steps, **members)
        arn = self.start(name, values)
        self.ended(arn)
        return arn

    def until_step(self, arn: str, name: str, status: str = "Executing") -> dict[str, Any]:
        def there() -> dict[str, Any] | None:
            one = self.steps(arn).get(name)
            return one if one and one["StepStatus"] == status and one["Metadata"] else None

        summary: dict[str, Any] = self.until(there, f"step {name} of {arn} to be {status}")
        return summary
