"""Refuses functions that cannot run as a Python process, at once: left to the executor, they would be created, and
LocalStack would answer their invocations with a hint about Docker."""

from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.lambda_ import InvalidParameterValueException
from localstack.aws.chain import HandlerChain
from localstack.http import Response


def refuse_unless_python(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    if context.service is None or context.service.service_name != "lambda":
        return
    if context.operation.name in {"CreateFunction", "UpdateFunctionConfiguration"}:
        refusal = reason_to_refuse(context.service_request or {})
        if refusal:
            raise InvalidParameterValueException(refusal, Type="User")


def reason_to_refuse(request: dict[str, Any]) -> str | None:
    runtime = request.get("Runtime")
    if request.get("PackageType", "Zip") == "Zip" and (runtime is None or runtime.startswith("python3")):
        return None
    what = "a container image" if runtime is None else f"runtime {runtime!r}"
    return (
        f"Function {request.get('FunctionName')!r} asks for {what}: functions run as Python processes here, from zip "
        "archives of a python3.x runtime. With LAMBDA_RUNTIME_EXECUTOR=docker the others run too, in containers."
    )
