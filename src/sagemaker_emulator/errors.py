"""The errors that operations raise, each spelt as AWS answers it. One place in `server` turns them into HTTP."""

from __future__ import annotations

from sagemaker_emulator.wire import AwsError


def validation(message: str) -> AwsError:
    """AWS's common error for a request that is well-formed and cannot be done, a missing name included."""
    return AwsError("ValidationException", message)


def runtime_validation(message: str) -> AwsError:
    """The same of SageMaker's runtime, which has another name for it."""
    return AwsError("ValidationError", message)


def resource_in_use(message: str) -> AwsError:
    return AwsError("ResourceInUse", message)


def resource_limit_exceeded(message: str) -> AwsError:
    return AwsError("ResourceLimitExceeded", message)


def resource_not_found(message: str) -> AwsError:
    return AwsError("ResourceNotFound", message)


def conflict(message: str) -> AwsError:
    return AwsError("ConflictException", message)


def not_emulated(operation: str) -> AwsError:
    return AwsError(
        "UnsupportedOperation",
        f"The operation {operation} is not emulated. docs/operations.md lists those that are; on AWS it would work.",
    )


def model_error(original_status: int, original_message: str, log_group: str) -> AwsError:
    """The container answered with an error, or not at all (status 0). Source: InvokeEndpoint, ModelError."""
    side = "client" if 400 <= original_status < 500 else "server"
    text = (
        f'Received {side} error ({original_status}) from primary with message "{original_message}". '
        f"See {log_group} in CloudWatch Logs for more information."
    )
    fields = {
        "OriginalStatusCode": original_status,
        "OriginalMessage": original_message,
        "LogStreamArn": log_group,
    }
    return AwsError("ModelError", text, status=424, fields=fields)


def service_unavailable(message: str) -> AwsError:
    return AwsError("ServiceUnavailable", message, status=503)


def internal_failure(
    message: str = "The request processing has failed because of an unknown error, exception or failure.",
) -> AwsError:
    return AwsError("InternalFailure", message, status=500)


def bad_request(message: str) -> AwsError:
    """A request that is broken below the protocol of the service."""
    return AwsError("SerializationException", message)


def too_large(limit_bytes: int) -> AwsError:
    return AwsError("RequestEntityTooLarge", f"The request has more than {limit_bytes} bytes", status=413)


def too_slow(limit_s: float) -> AwsError:
    return AwsError("RequestTimeout", f"The request's body did not come within {limit_s:g} seconds", status=408)
