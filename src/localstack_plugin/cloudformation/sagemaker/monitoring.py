"""AWS::SageMaker::MonitoringSchedule and the job definitions of the four monitoring types.

Ref is the ARN of either. Source: the CloudFormation resource reference, and AWS's own handlers of these types
(github.com/aws-cloudformation/aws-cloudformation-resource-providers-sagemaker).
"""

from typing import Any, ClassVar

from botocore.client import BaseClient
from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent, ResourceRequest

from localstack_plugin.cloudformation.sagemaker.resources import (
    Model,
    SageMakerProvider,
    random_suffix,
    schema,
    update_tags,
)

REQUESTED = "requested"
"""What the engine keeps between two calls for one operation, once SageMaker was asked for it."""
LOGICAL_ID_LENGTH = 20
FIXED = ("EndpointName", "JobDefinitionName", "JobResources", "NetworkConfig", "RoleArn", "StoppingCondition", "Tags")
OF_TYPE = ("AppSpecification", "BaselineConfig", "JobInput", "JobOutputConfig")


class JobDefinitionProvider(SageMakerProvider):
    """A job definition. SageMaker cannot update one, not even its tags, so any change replaces it."""

    NOUN = "JobDefinition"

    def name(self, request: ResourceRequest[Model], model: Model) -> None:
        generated = f"CFN-{request.logical_resource_id[:LOGICAL_ID_LENGTH]}-{random_suffix()}"
        model.setdefault("JobDefinitionName", generated)

    def success(self, sagemaker: BaseClient, model: Model) -> ProgressEvent[Model]:
        described = self.call(sagemaker, "Describe", model)
        return super().success(sagemaker, {**model, "CreationTime": described["CreationTime"].isoformat()})


def job_definition_provider(type_: str) -> type[JobDefinitionProvider]:
    """Return the provider of the definitions of a monitoring type, such as DataQuality."""
    kind = f"{type_}JobDefinition"
    members = {
        "KIND": kind,
        "TYPE": f"AWS::SageMaker::{kind}",
        "SCHEMA": schema(
            kind,
            replaced_by={*FIXED, *(f"{type_}{name}" for name in OF_TYPE)},
            updated=set(),
            read_only={"CreationTime"},
            noun=JobDefinitionProvider.NOUN,
            attributes={"CreationTime", "JobDefinitionArn"},
        ),
    }
    return type(f"{kind}Provider", (JobDefinitionProvider,), members)


JOB_DEFINITIONS = {
    f"AWS::SageMaker::{type_}JobDefinition": job_definition_provider(type_)
    for type_ in ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")
}


class MonitoringScheduleProvider(SageMakerProvider):
    """A schedule. It is there when it is Scheduled or Stopped. What AWS reports of it, such as its status, is ignored
    in a template, as on AWS."""

    KIND = "MonitoringSchedule"
    TYPE = "AWS::SageMaker::MonitoringSchedule"
    TIMES: ClassVar[set[str]] = {"CreationTime", "LastModifiedTime"}
    SCHEMA: ClassVar[dict[str, Any]] = schema(
        "MonitoringSchedule",
        replaced_by={"MonitoringScheduleName"},
        updated={
            "EndpointName",
            "FailureReason",
            "LastMonitoringExecutionSummary",
            "MonitoringScheduleConfig",
            "MonitoringScheduleStatus",
        },
        read_only=TIMES,
        attributes={*TIMES, "MonitoringScheduleArn"},
    )

    def name(self, request: ResourceRequest[Model], model: Model) -> None:
        """Generate none: the name is required."""

    def create(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        if not request.custom_context.get(REQUESTED):
            return super().create(request)
        return self.success(request.aws_client_factory.sagemaker, request.desired_state)

    def update(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        """Update what differs. An update of the configuration runs NOW once more, so one of the tags must not."""
        assert request.previous_state is not None
        before, sagemaker = request.previous_state, request.aws_client_factory.sagemaker
        model = {**request.desired_state, **self.identifiers(before)}
        if not request.custom_context.get(REQUESTED):
            update_tags(sagemaker, model["MonitoringScheduleArn"], before.get("Tags", []), model.get("Tags", []))
            if before.get("MonitoringScheduleConfig") != model["MonitoringScheduleConfig"]:
                self.call(sagemaker, "Update", model)
        return self.success(sagemaker, model)

    def success(self, sagemaker: BaseClient, model: Model) -> ProgressEvent[Model]:
        """Return the schedule with its times, or the progress of one that is still Pending."""
        described = self.call(sagemaker, "Describe", model)
        model = {**model, **{name: described[name].isoformat() for name in self.TIMES}}
        match described["MonitoringScheduleStatus"]:
            case "Pending":
                context = {REQUESTED: True}
                return ProgressEvent(OperationStatus.IN_PROGRESS, resource_model=model, custom_context=context)
            case "Failed":
                message = f"{model['MonitoringScheduleName']} is Failed: {described.get('FailureReason')}"
                return ProgressEvent(OperationStatus.FAILED, resource_model=model, message=message)
        return super().success(sagemaker, model)
