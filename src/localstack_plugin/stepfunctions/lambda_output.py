"""The output of the `lambda:invoke` integration, with the metadata of the SDK that AWS calls Lambda with.

Order and names are those of AWS's execution histories.
"""

from collections.abc import Callable
from typing import Any

from localstack.services.stepfunctions.asl.component.state.state_execution.state_task import lambda_eval_utils
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.credentials import (
    StateCredentials,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service.state_task_service_lambda import (  # noqa: E501
    StateTaskServiceLambda,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.state_task_lambda import (
    StateTaskLambda,
)
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.utils.strings import long_uid

from localstack_plugin.http_date import http_date
from localstack_plugin.replacing import replace, wrap
from localstack_plugin.stepfunctions.executions.compact_json import compact


class Invocation(dict[str, Any]):
    """The output of lambda:invoke, which is told by its type from what states pass on to each other."""


def invoke(env: Environment, parameters: dict[str, Any], region: str, state_credentials: StateCredentials) -> None:
    """Invoke the function, and put the integration's output on the stack."""
    if env.is_mocked_mode():
        answer = lambda_eval_utils._mocked_invoke_lambda_function(env=env)
    else:
        answer = lambda_eval_utils._invoke_lambda_function(
            parameters=parameters, region=region, state_credentials=state_credentials
        )
    if error := answer.get("FunctionError"):
        payload = compact(answer["Payload"])
        raise lambda_eval_utils.LambdaFunctionErrorException(error, payload)
    env.stack.append(as_aws(answer))


def as_aws(answer: dict[str, Any]) -> Invocation:
    request_id = answer.get("ResponseMetadata", {}).get("RequestId") or long_uid()
    headers = http_headers(answer, request_id)
    fields = {
        "ExecutedVersion": answer.get("ExecutedVersion", "$LATEST"),
        **({"LogResult": answer["LogResult"]} if answer.get("LogResult") else {}),
        **({"Payload": answer["Payload"]} if "Payload" in answer else {}),
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": answer.get("StatusCode", 200),
        },
        "SdkResponseMetadata": {"RequestId": request_id},
        "StatusCode": answer.get("StatusCode", 200),
    }
    return Invocation(fields)


def http_headers(answer: dict[str, Any], request_id: str) -> dict[str, str]:
    payload = compact(answer.get("Payload")).encode()
    return {
        "X-Amz-Executed-Version": str(answer.get("ExecutedVersion", "$LATEST")),
        "x-amzn-Remapped-Content-Length": "0",
        "Connection": "keep-alive",
        "x-amzn-RequestId": request_id,
        "Content-Length": str(len(payload)),
        "Date": http_date(),
        "Content-Type": "application/json",
    }


def in_order(original: Callable[..., None]) -> Callable[..., None]:
    def normalize(self: StateTaskServiceLambda, response: Any, *names: Any, **keywords: Any) -> None:
        if isinstance(response, Invocation):  # its names are spelled and sorted as they should be
            return
        original(self, response, *names, **keywords)
        if isinstance(response, dict):
            fields = sorted(response.items())
            response.clear()
            response.update(fields)

    return normalize


def of_the_payload(original: Callable[..., None]) -> Callable[..., None]:
    def verify(self: StateTaskLambda, env: Environment, value: Any) -> None:
        # LocalStack calls this for the invocation, and again for what the state passes on
        original(self, env, value["Payload"] if isinstance(value, Invocation) else value)

    return verify


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service"
        ".state_task_service_lambda:StateTaskServiceLambda._normalise_response",
        wrapper=in_order,
        why="In LocalStack the output of lambda:invoke begins with StatusCode. Here its fields are sorted by name.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.state_task_lambda"
        ":StateTaskLambda._verify_size_quota",
        wrapper=of_the_payload,
        why="LocalStack counts the metadata of an invocation, even if the state passes on only the payload. Here only "
        "the payload counts.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task"
        ".lambda_eval_utils:execute_lambda_function_integration",
        by=invoke,
        why="LocalStack's output of lambda:invoke lacks SdkHttpMetadata and SdkResponseMetadata. It has AWS's fields.",
    )
