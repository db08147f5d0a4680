"""AWS::ApplicationAutoScaling::ScalableTarget and ScalingPolicy, made by the emulator's operations.

Ref is `resource|dimension|namespace` of a target, and the ARN of a policy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)

from localstack_plugin.cloudformation.sagemaker.properties import arguments

Model = dict[str, Any]
KEYS = ("ResourceId", "ScalableDimension", "ServiceNamespace")
MISSING = "ObjectNotFoundException"


class ScalingProvider(ResourceProvider[Model]):
    """A resource that is created, changed and deleted without waiting."""

    PUT: ClassVar[str]
    DELETE: ClassVar[str]

    def create(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        model = self.identified(dict(request.desired_state))
        answer = call(request.aws_client_factory.application_autoscaling, self.PUT, model)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=self.completed(model, answer))

    def update(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        return self.create(request)

    def delete(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        client, model = request.aws_client_factory.application_autoscaling, self.identified(request.desired_state)
        with suppress_missing():
            call(client, self.DELETE, model)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})

    def identified(self, model: Model) -> Model:
        return model

    def completed(self, model: Model, answer: Model) -> Model:
        raise NotImplementedError


class ScalableTargetProvider(ScalingProvider):
    TYPE = "AWS::ApplicationAutoScaling::ScalableTarget"
    PUT, DELETE = "RegisterScalableTarget", "DeregisterScalableTarget"
    SCHEMA: ClassVar[dict[str, Any]] = {
        "typeName": TYPE,
        "primaryIdentifier": ["/properties/Id"],
        "createOnlyProperties": [f"/properties/{name}" for name in KEYS],
        "readOnlyProperties": ["/properties/Id"],
        "properties": {
            name: {}
            for name in (*KEYS, "Id", "MinCapacity", "MaxCapacity", "RoleARN", "SuspendedState", "ScheduledActions")
        },
    }

    def create(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        """Register the target, then put its scheduled actions; those that the template no longer has are deleted."""
        created = super().create(request)
        client, model = request.aws_client_factory.application_autoscaling, request.desired_state
        keys = {key: model[key] for key in KEYS}
        actions = model.get("ScheduledActions", [])
        for action in actions:
            call(client, "PutScheduledAction", {**keys, **action})
        for name in _names((request.previous_state or {}).get("ScheduledActions", [])) - _names(actions):
            with suppress_missing():
                call(client, "DeleteScheduledAction", {**keys, "ScheduledActionName": name})
        return created

    def completed(self, model: Model, answer: Model) -> Model:
        return {**model, "Id": "|".join(model[name] for name in KEYS)}


class ScalingPolicyProvider(ScalingProvider):
    TYPE = "AWS::ApplicationAutoScaling::ScalingPolicy"
    PUT, DELETE = "PutScalingPolicy", "DeleteScalingPolicy"
    FIXED = ("PolicyName", "ScalingTargetId", *KEYS)
    SCHEMA: ClassVar[dict[str, Any]] = {
        "typeName": TYPE,
        "primaryIdentifier": ["/properties/Arn"],
        "createOnlyProperties": [f"/properties/{name}" for name in FIXED],
        "readOnlyProperties": ["/properties/Arn"],
        "properties": {
            name: {}
            for name in (
                *FIXED,
                "Arn",
                "PolicyType",
                "StepScalingPolicyConfiguration",
                "TargetTrackingScalingPolicyConfiguration",
            )
        },
    }

    def identified(self, model: Model) -> Model:
        """Return the properties with the three of the target that ScalingTargetId names."""
        if "ScalingTargetId" not in model:
            return model
        return {**model, **dict(zip(KEYS, model["ScalingTargetId"].split("|"), strict=True))}

    def completed(self, model: Model, answer: Model) -> Model:
        return {**model, "Arn": answer["PolicyARN"]}


def call(client: BaseClient, operation: str, model: Model) -> Model:
    names = {value: key for key, value in client.meta.method_to_api_mapping.items()}
    answer: Model = getattr(client, names[operation])(**arguments(client, operation, model))
    return answer


@contextmanager
def suppress_missing() -> Iterator[None]:
    """Let the error pass that AWS answers for what does not exist: an action runs once, and is gone."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != MISSING:
            raise


def _names(actions: list[Model]) -> set[str]:
    return {str(action["ScheduledActionName"]) for action in actions}
