"""The configurations of functions that are refused: by AWS, or here, where functions are Python from zip archives."""

import re
from typing import Any

# docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, "Reserved environment variables"
RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
NOT_PYTHON = re.compile(r"(nodejs|java|dotnet|dotnetcore|go|ruby|provided)[\da-z.]*")
"""AWS's runtimes of other languages. What is no runtime at all is refused by LocalStack, in AWS's words."""


def reserved_variables(request: dict[str, Any]) -> str | None:
    """Return AWS's message about the reserved variables of a function, or None if it has none."""
    variables = (request.get("Environment") or {}).get("Variables") or {}
    reserved = [name for name in variables if name in RESERVED_VARIABLES]
    if not reserved:
        return None
    # worded as by AWS: it is quoted in github.com/aws/aws-cdk/pull/28048
    return (
        "Lambda was unable to configure your environment variables because the environment variables you have "
        "provided contains reserved keys that are currently not supported for modification. "
        f"Reserved keys used in this request: {', '.join(reserved)}"
    )


def other_language(request: dict[str, Any]) -> str | None:
    """Return why a function cannot run here, or None."""
    runtime = request.get("Runtime")
    if request.get("PackageType", "Zip") == "Zip" and not NOT_PYTHON.fullmatch(runtime or ""):
        return None
    wanted = "a container image" if runtime is None else f"runtime {runtime!r}"
    return (
        f"Function {request.get('FunctionName')!r} asks for {wanted}: functions run as Python processes here, from zip "
        "archives of a python3.x runtime. With LAMBDA_RUNTIME_EXECUTOR=docker the others run too, in containers."
    )
