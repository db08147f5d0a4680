"""Invocations of Lambda functions by states, without HTTP between the two services.

The role is assumed as before, and an error of Lambda becomes the ClientError that a client would have raised, so Retry
and Catch see no difference.
"""

from functools import cache
from io import BytesIO
from typing import Any

from botocore.exceptions import ClientError
from botocore.model import OperationModel, ServiceModel
from localstack.aws.api import RequestContext, ServiceException
from localstack.aws.spec import load_service
from localstack.http import Request
from localstack.services.plugins import SERVICE_PLUGINS
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task import lambda_eval_utils
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.credentials import (
    StateCredentials,
)
from localstack.services.stepfunctions.asl.utils import boto_client
from localstack.utils.aws.arns import extract_account_id_from_arn
from localstack.utils.aws.client_types import ServicePrincipal
from localstack.utils.strings import to_bytes
from localstack.utils.xray.trace_header import TraceHeader

from localstack_plugin.replacing import replace


def invoke(parameters: dict[str, Any], region: str, state_credentials: StateCredentials) -> dict[str, Any]:
    assume_role(region, state_credentials)
    context = context_of(region, state_credentials.role_arn)
    request = (
        parameters | {"Payload": BytesIO(to_bytes(parameters["Payload"]))} if "Payload" in parameters else parameters
    )
    try:
        answer: dict[str, Any] = SERVICE_PLUGINS.require("lambda").skeleton.dispatch_table["Invoke"](context, request)
    except ServiceException as error:
        raise client_error(error, context.request_id) from error
    payload = lambda_eval_utils._from_payload(BytesIO(to_bytes(answer.get("Payload") or b"")))
    return {**answer, "Payload": payload, "ResponseMetadata": {"RequestId": context.request_id}}


def assume_role(region: str, credentials: StateCredentials) -> None:
    """Assume the state's role; raise what making a client would raise."""
    boto_client.connect_to.with_assumed_role(
        role_arn=credentials.role_arn,
        service_principal=ServicePrincipal.states,
        region_name=region,
        config=boto_client._BOTO_CLIENT_CONFIG,  # kept, and used for the clients of other tasks
    )


def context_of(region: str, role_arn: str) -> RequestContext:
    context = RequestContext(request())
    context.service, context.operation = service_and_operation()
    context.account_id = extract_account_id_from_arn(role_arn)
    context.region = region
    context.trace_context["aws_trace_header"] = TraceHeader().ensure_root_exists()
    return context


@cache
def request() -> Request:
    """Return the request of every invocation. Lambda only reads its headers."""
    return Request("POST", "/")


@cache
def service_and_operation() -> tuple[ServiceModel, OperationModel]:
    service = load_service("lambda")
    return service, service.operation_model("Invoke")


def client_error(error: ServiceException, request_id: str) -> ClientError:
    metadata = {"RequestId": request_id, "HTTPStatusCode": error.status_code, "HTTPHeaders": {}, "RetryAttempts": 0}
    details = {"Code": error.code, "Message": error.message}
    return ClientError({"Error": details, "ResponseMetadata": metadata, "message": error.message}, "Invoke")


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task"
        ".lambda_eval_utils:_invoke_lambda_function",
        by=invoke,
        why="LocalStack invokes a state's function through a client, its gateway and back, which takes longer than the "
        "invocation. Lambda's provider is called in the execution's thread.",
    )
