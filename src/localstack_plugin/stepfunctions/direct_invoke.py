"""Invocations of Lambda functions by states, without HTTP between the two services.

The role is assumed as before, and an error of Lambda becomes the ClientError that a client would have raised, so Retry
and Catch see no difference.
"""

import logging
from functools import cache, lru_cache
from http import HTTPStatus
from io import BytesIO
from typing import Any, Final

from botocore.exceptions import ClientError
from botocore.model import OperationModel, ServiceModel
from localstack.aws.api import RequestContext, ServiceException
from localstack.aws.api.lambda_ import ServiceException as LambdaServiceException
from localstack.aws.spec import load_service
from localstack.http import Request
from localstack.services.lambda_ import api_utils
from localstack.services.lambda_.invocation.execution_environment import EnvironmentStartupTimeoutException
from localstack.services.lambda_.provider import LambdaProvider
from localstack.services.plugins import SERVICE_PLUGINS
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task import lambda_eval_utils
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.credentials import (
    StateCredentials,
)
from localstack.services.stepfunctions.asl.utils import boto_client
from localstack.utils.aws.arns import extract_account_id_from_arn
from localstack.utils.aws.client_types import ServicePrincipal
from localstack.utils.strings import long_uid, to_bytes
from localstack.utils.xray.trace_header import TraceHeader

from localstack_plugin.event_loop.waits import in_a_thread
from localstack_plugin.replacing import replace

PLAIN: Final = {"FunctionName", "Payload"}
"""The parameters of nearly every Task: those with others are requests like any client's."""
LOCATIONS_KEPT = 4096

LOG = logging.getLogger(__name__)


def invoke(parameters: dict[str, Any], region: str, state_credentials: StateCredentials) -> dict[str, Any]:
    assume_role(region, state_credentials)
    account, request_id = extract_account_id_from_arn(state_credentials.role_arn), long_uid()
    is_plain = parameters.keys() == PLAIN and isinstance(parameters["FunctionName"], str)
    try:
        if is_plain:
            answer = plainly(parameters, region, account, request_id)
        else:
            answer = in_a_thread(lambda: as_requested(parameters, region, account, request_id))
    except ServiceException as error:
        raise client_error(error, request_id) from error
    payload = lambda_eval_utils._from_payload(BytesIO(to_bytes(answer.get("Payload") or b"")))
    return {**answer, "Payload": payload, "ResponseMetadata": {"RequestId": request_id}}


def plainly(parameters: dict[str, Any], region: str, account: str, request_id: str) -> dict[str, Any]:
    """Invoke as LambdaProvider.invoke does, without the options that only a request has."""
    name, qualifier, function_account, function_region = located(parameters["FunctionName"], account, region)
    try:
        result = provider().lambda_service.invoke(
            function_name=name,
            qualifier=qualifier,
            region=function_region,
            account_id=function_account,
            invocation_type=None,
            client_context=None,
            request_id=request_id,
            payload=to_bytes(parameters["Payload"]),
            trace_context=trace_context(),
            user_agent="",
        )
    except ServiceException:
        raise
    except EnvironmentStartupTimeoutException as error:
        message = f"[{request_id}] Timeout while starting up lambda environment for function {name}:{qualifier}"
        raise LambdaServiceException(message) from error
    except Exception as error:
        LOG.error("[%s] Error while invoking lambda %s", request_id, name, exc_info=LOG.isEnabledFor(logging.DEBUG))
        cause = f"{type(error).__name__}: {error}"
        message = f"[{request_id}] Internal error while executing lambda {name}:{qualifier}. Caused by {cause}"
        raise LambdaServiceException(message) from error
    answer = {"StatusCode": HTTPStatus.OK.value, "Payload": result.payload, "ExecutedVersion": result.executed_version}
    return answer | {"FunctionError": "Unhandled"} if result.is_error else answer


def as_requested(parameters: dict[str, Any], region: str, account: str, request_id: str) -> dict[str, Any]:
    request = dict(parameters)
    if "Payload" in request:
        request["Payload"] = BytesIO(to_bytes(request["Payload"]))
    context = context_of(region, account)
    context.request_id = request_id
    context.trace_context |= trace_context()
    answer: dict[str, Any] = SERVICE_PLUGINS.require("lambda").skeleton.dispatch_table["Invoke"](context, request)
    return answer


@cache
def provider() -> LambdaProvider:
    """Return Lambda's provider, whose `lambda_service` is another one after a reset."""
    service: LambdaProvider = in_a_thread(lambda: SERVICE_PLUGINS.require("lambda")).lifecycle_hook
    return service


@lru_cache(LOCATIONS_KEPT)
def located(name_or_arn: str, account: str, region: str) -> tuple[str, str | None, str, str]:
    """Return the name, qualifier, account and region of a function. ServiceException if it cannot be invoked there."""
    context = context_of(region, account)
    function_account, function_region = api_utils.get_account_and_region(name_or_arn, context)
    name, qualifier = api_utils.get_name_and_qualifier(name_or_arn, None, context)
    return name, qualifier, function_account, function_region


def assume_role(region: str, credentials: StateCredentials) -> None:
    """Assume the state's role; raise what making a client would raise."""
    boto_client.connect_to.with_assumed_role(
        role_arn=credentials.role_arn,
        service_principal=ServicePrincipal.states,
        region_name=region,
        config=boto_client._BOTO_CLIENT_CONFIG,  # kept, and used for the clients of other tasks
    )


def context_of(region: str, account: str) -> RequestContext:
    context = RequestContext(request())
    context.service, context.operation = service_and_operation()
    context.account_id, context.region = account, region
    return context


def trace_context() -> dict[str, TraceHeader]:
    return {"aws_trace_header": TraceHeader().ensure_root_exists()}


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
        "invocation. Lambda's provider is called directly.",
    )
