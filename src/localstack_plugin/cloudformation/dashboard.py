"""AWS::CloudWatch::Dashboard, which LocalStack's CloudWatch has and its CloudFormation lacks."""

from typing import Any, ClassVar

import localstack.services.cloudformation.provider_utils as util
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)

Dashboard = dict[str, Any]


class DashboardProvider(ResourceProvider[Dashboard]):
    TYPE = "AWS::CloudWatch::Dashboard"
    SCHEMA: ClassVar[dict[str, Any]] = {
        "typeName": TYPE,
        "primaryIdentifier": ["/properties/DashboardName"],
        "createOnlyProperties": ["/properties/DashboardName"],
        "properties": {"DashboardName": {"type": "string"}, "DashboardBody": {"type": "string"}},
    }

    def create(self, request: ResourceRequest[Dashboard]) -> ProgressEvent[Dashboard]:
        model = request.desired_state
        model.setdefault(
            "DashboardName",
            util.generate_default_name(
                stack_name=request.stack_name, logical_resource_id=request.logical_resource_id
            ),
        )  # fmt: skip
        request.aws_client_factory.cloudwatch.put_dashboard(
            DashboardName=model["DashboardName"], DashboardBody=model["DashboardBody"]
        )
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    update = create

    def delete(self, request: ResourceRequest[Dashboard]) -> ProgressEvent[Dashboard]:
        name = request.desired_state["DashboardName"]
        request.aws_client_factory.cloudwatch.delete_dashboards(DashboardNames=[name])
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})
