"""AWS::SageMaker::Endpoint, which takes its time."""

from typing import Any, ClassVar

from botocore.exceptions import ClientError
from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent, ResourceRequest

from localstack_plugin.cloudformation.sagemaker.resources import (
    Model,
    SageMakerProvider,
    is_missing,
    schema,
    update_tags,
)

REQUESTED = "requested"
"""What the engine keeps between two calls for one operation, once SageMaker was asked for it."""
MOVING = {"Creating", "Updating", "SystemUpdating", "RollingBack"}
DEPLOYMENT = {
    "DeploymentConfig",
    "ExcludeRetainedVariantProperties",
    "RetainAllVariantProperties",
    "RetainDeploymentConfig",
}


class EndpointProvider(SageMakerProvider):
    """An endpoint. It is there when it is InService; an update deploys another configuration in place."""

    KIND = "Endpoint"
    TYPE = "AWS::SageMaker::Endpoint"
    TIMEOUT_S = 3600
    SCHEMA: ClassVar[dict[str, Any]] = schema(
        "Endpoint", replaced_by={"EndpointName"}, updated={"EndpointConfigName", *DEPLOYMENT}, read_only=set()
    )

    def create(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        if request.custom_context.get(REQUESTED):
            return self.progress(request, request.desired_state)
        created: Model = super().create(request).resource_model
        return in_progress(created)

    def update(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        assert request.previous_state is not None
        before, sagemaker = request.previous_state, request.aws_client_factory.sagemaker
        model = {**request.desired_state, **self.identifiers(before)}
        if request.custom_context.get(REQUESTED):
            return self.progress(request, model)
        update_tags(sagemaker, model["EndpointArn"], before.get("Tags", []), model.get("Tags", []))
        live = sagemaker.describe_endpoint(EndpointName=model["EndpointName"])
        if live["EndpointConfigName"] != model["EndpointConfigName"]:
            self.call(sagemaker, "Update", model)
        return in_progress(model)

    def progress(self, request: ResourceRequest[Model], model: Model) -> ProgressEvent[Model]:
        """Return how far it is. A deployment that failed leaves the old configuration in service."""
        live = request.aws_client_factory.sagemaker.describe_endpoint(EndpointName=model["EndpointName"])
        if live["EndpointStatus"] in MOVING:
            return in_progress(model)
        is_there = live["EndpointStatus"] == "InService" and live["EndpointConfigName"] == model["EndpointConfigName"]
        if is_there:
            return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)
        reason = live.get("FailureReason") or f"the endpoint still has the configuration {live['EndpointConfigName']}"
        message = f"Endpoint {model['EndpointName']} is {live['EndpointStatus']}: {reason}"
        return ProgressEvent(OperationStatus.FAILED, resource_model=model, message=message)

    def delete(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        """Delete it and wait until it is gone, so that what it uses can be deleted next."""
        model, sagemaker = request.desired_state, request.aws_client_factory.sagemaker
        if not request.custom_context.get(REQUESTED):
            super().delete(request)
        try:
            sagemaker.describe_endpoint(EndpointName=model["EndpointName"])
        except ClientError as error:
            if not is_missing(error):
                raise
            return ProgressEvent(OperationStatus.SUCCESS, resource_model={})
        return in_progress(model)


def in_progress(model: Model) -> ProgressEvent[Model]:
    return ProgressEvent(OperationStatus.IN_PROGRESS, resource_model=model, custom_context={REQUESTED: True})
