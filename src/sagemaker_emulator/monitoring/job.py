"""A monitoring job, read once from any of the five shapes in which AWS's requests define one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.resources.monitoring.job_definition import MonitoringType

T = MonitoringType
NOT_EXECUTED = {
    T.MODEL_BIAS: "ModelBias: bias monitoring is not emulated; this execution would run on AWS.",
    T.MODEL_EXPLAINABILITY: "ModelExplainability: explainability monitoring is not emulated; it would run on AWS.",
}
BATCH = "BatchTransformInput: monitoring of batch transform jobs is not emulated; this execution would run on AWS."


@dataclass(frozen=True)
class MonitoringJob:
    """The parts of a definition, as AWS's requests have them.

    `endpoint_input` is empty for batch transform (`is_batch`), and if the request has neither input.
    """

    monitoring_type: MonitoringType
    application: Mapping[str, Any]
    environment: Mapping[str, str]
    endpoint_input: Mapping[str, Any]
    is_batch: bool
    output_config: Mapping[str, Any]
    resources: Mapping[str, Any]
    role_arn: str
    network: Mapping[str, Any]
    stopping_condition: Mapping[str, Any]
    baseline: Mapping[str, Any]
    ground_truth_uri: str | None

    @classmethod
    def from_definition(cls, type_: MonitoringType, wire: Mapping[str, Any]) -> MonitoringJob:
        """Read the request of one of the Create…JobDefinition operations."""
        application, inputs = wire[f"{type_}AppSpecification"], wire[f"{type_}JobInput"]
        return cls(
            monitoring_type=type_,
            application=application,
            environment=application.get("Environment", {}),
            endpoint_input=inputs.get("EndpointInput", {}),
            is_batch="BatchTransformInput" in inputs,
            output_config=wire[f"{type_}JobOutputConfig"],
            resources=wire["JobResources"],
            role_arn=wire["RoleArn"],
            network=wire.get("NetworkConfig", {}),
            stopping_condition=wire.get("StoppingCondition", {}),
            baseline=wire.get(f"{type_}BaselineConfig", {}),
            ground_truth_uri=inputs.get("GroundTruthS3Input", {}).get("S3Uri"),
        )

    @classmethod
    def from_schedule(cls, type_: MonitoringType, wire: Mapping[str, Any]) -> MonitoringJob:
        """Read the MonitoringJobDefinition inside a schedule. It has no ground truth."""
        return cls(
            monitoring_type=type_,
            application=wire["MonitoringAppSpecification"],
            environment=wire.get("Environment", {}),
            endpoint_input=wire["MonitoringInputs"][0].get("EndpointInput", {}),
            is_batch="BatchTransformInput" in wire["MonitoringInputs"][0],
            output_config=wire["MonitoringOutputConfig"],
            resources=wire["MonitoringResources"],
            role_arn=wire["RoleArn"],
            network=wire.get("NetworkConfig", {}),
            stopping_condition=wire.get("StoppingCondition", {}),
            baseline=wire.get("BaselineConfig", {}),
            ground_truth_uri=None,
        )

    @property
    def endpoint_name(self) -> str:
        return str(self.endpoint_input.get("EndpointName", ""))

    def of_endpoint(self, name: str) -> MonitoringJob:
        """Return the job with the endpoint's own name, which a request may write in another case."""
        return replace(self, endpoint_input={**self.endpoint_input, "EndpointName": name})

    @property
    def output(self) -> Mapping[str, Any]:
        output: Mapping[str, Any] = self.output_config["MonitoringOutputs"][0]["S3Output"]
        return output

    @property
    def refusal(self) -> str | None:
        """Return the reason for which an execution of this job fails here but not on AWS, or None if it can run."""
        return NOT_EXECUTED.get(self.monitoring_type) or (BATCH if self.is_batch else None)

    def require_period(self, period_s: int) -> None:
        """Raise ValidationException if the time limit exceeds the period. Source: MonitoringStoppingCondition."""
        limit_s = self.stopping_condition.get("MaxRuntimeInSeconds")
        if limit_s is not None and limit_s > period_s:
            raise validation(
                f"MaxRuntimeInSeconds is {limit_s}, and must not exceed the frequency of the schedule, {period_s} s."
            )
