"""AWS's errors: their codes and messages, and what a user can do about them."""

from botocore import exceptions as aws

from scones.errors import AwsError

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
UNKNOWN_KEY = {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}


def code_of(error: aws.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def message_of(error: aws.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", error))


def is_unknown_name(error: aws.ClientError) -> bool:
    """Return whether SageMaker does not know the name in the request.

    SageMaker answers most operations with ValidationException in that case, as it does for many other faults, so the
    message decides.
    """
    message = message_of(error).lower()
    is_not_found = any(phrase in message for phrase in ("could not find", "not found", "does not exist"))
    return code_of(error) == "ResourceNotFound" or (code_of(error) == "ValidationException" and is_not_found)


def _refusal(error: aws.ClientError, target: str) -> str:
    code, message = code_of(error), message_of(error)
    if code in EXPIRED:
        return f"the credentials of profile {target!r} have expired: sign in again (`aws sso login --profile {target}`)"
    if code in UNKNOWN_KEY:
        return f"AWS does not know the credentials of profile {target!r} ({message}): check `aws configure list`"
    if code in DENIED:
        return f"profile {target!r} may not call {error.operation_name}: {message}; ask for that permission"
    return f"{error.operation_name} failed with {code}: {message}"


def explained(error: aws.BotoCoreError | aws.ClientError, target: str) -> AwsError:
    """Turn an error of botocore into one that says what to do. target is the name of the profile in use."""
    match error:
        case aws.ClientError():
            return AwsError(_refusal(error, target))
        case aws.ProfileNotFound():
            return AwsError(f"{error}: name one of `aws configure list-profiles` with --profile or AWS_PROFILE")
        case aws.NoCredentialsError() | aws.PartialCredentialsError() | aws.CredentialRetrievalError():
            return AwsError(f"no usable AWS credentials for profile {target!r} ({error}): set AWS_PROFILE or --profile")
        case aws.SSOError() | aws.TokenRetrievalError():
            return AwsError(f"not signed in as profile {target!r} ({error}): run `aws sso login --profile {target}`")
        case aws.NoRegionError():
            return AwsError(f"profile {target!r} names no region: set AWS_DEFAULT_REGION, or region in the profile")
        case aws.EndpointConnectionError() | aws.HTTPClientError():
            return AwsError(f"{error}; profile {target!r}: check that its endpoint is up and reachable")
        case _:
            return AwsError(f"{type(error).__name__}: {error}")
