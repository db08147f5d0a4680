"""The errors that operations raise, with AWS's names and words. `server` turns them into HTTP."""

from __future__ import annotations

from sagemaker_emulator.wire import AwsError


def validation(message: str) -> AwsError:
    """Return AWS's usual error for a well-formed request that cannot be carried out; also for a missing resource."""
    return AwsError("ValidationException", message)


def runtime_validation(message: str) -> AwsError:
    """Return the same error under the name that SageMaker's runtime has for it."""
    return AwsError("ValidationError", message)


def resource_in_use(message: str) -> AwsError:
    return AwsError("ResourceInUse", message)


def resource_limit_exceeded(message: str) -> AwsError:
    return AwsError("ResourceLimitExceeded", message)


def resource_not_found(message: str) -> AwsError:
    return AwsError("ResourceNotFound", message)


def conflict(message: str) -> AwsError:
    return AwsError("ConflictException", message)


def access_denied(message: str) -> AwsError:
    return AwsError("AccessDeniedException", message)


def not_emulated(operation: str) -> AwsError:
    return AwsError(
        "UnsupportedOperation",
        f"The operation {operation} is not emulated. docs/operations.md lists those that are; on AWS it would work.",
    )


def model_error(
    original_status: int, original_message: str, log_group: str, container: str = "primary", is_whole: bool = True
) -> AwsError:
    """Return the error for a container that answered with an error, or not at all (status 0).

    `container` is its name, `primary` for the only one of a model. `is_whole` is False if the message is the beginning
    of a longer one. Source: InvokeEndpoint, ModelError.
    """
    side = "client" if 400 <= original_status < 500 else "server"
    content = f'with message "{original_message}"' if is_whole else "and could not load the entire response body"
    text = (
        f"Received {side} error ({original_status}) from {container} {content}. "
        f"See {log_group} in CloudWatch Logs for more information."
    )
    fields = {
        "OriginalStatusCode": original_status,
        "OriginalMessage": original_message,
        "LogStreamArn": log_group,
    }
    return AwsError("ModelError", text, status=424, fields=fields)


def model_not_ready() -> AwsError:
    """Return the error for a multi-model endpoint's model that is still being loaded. Source: InvokeEndpoint."""
    text = (
        "Either a serverless endpoint variant's resources are still being provisioned, or a multi-model endpoint is "
        "still downloading or loading the target model. Wait and try again."
    )
    return AwsError("ModelNotReadyException", text, status=429)


def service_unavailable(message: str) -> AwsError:
    return AwsError("ServiceUnavailable", message, status=503)


def internal_failure(
    message: str = "The request processing has failed because of an unknown error, exception or failure.",
) -> AwsError:
    return AwsError("InternalFailure", message, status=500)


def disk_full(error: OSError, is_runtime: bool) -> AwsError:
    """Return the error for new work when the disk is full.

    ResourceLimitExceeded is the error that every Create operation has for a lack of resources: a client does not try it
    again by itself. The runtime has ServiceUnavailable.
    """
    text = (
        f"The disk of the SageMaker emulator is full ({error.strerror}: {error.filename or 'its state directory'}), "
        "and this request was not carried out. Make room and send it again; nothing that was acknowledged is lost."
    )
    return service_unavailable(text) if is_runtime else resource_limit_exceeded(text)


def bad_request(message: str) -> AwsError:
    """Return the error for a request that breaks HTTP or JSON, before the service's protocol matters."""
    return AwsError("SerializationException", message)


def too_large(limit_bytes: int) -> AwsError:
    return AwsError("RequestEntityTooLarge", f"The request has more than {limit_bytes} bytes", status=413)


def too_slow(limit_s: float) -> AwsError:
    return AwsError("RequestTimeout", f"The request's body did not arrive within {limit_s:g} seconds", status=408)
