"""Every error that a person can meet: one message that says what was wrong and what to do; and an exit code."""

from botocore import exceptions as aws


class SconesError(Exception):
    """Base of all errors of the application."""

    exit_code = 1


class SettingsError(SconesError):
    """A setting has a value that cannot be used."""


class ArchiveError(SconesError):
    """An archive is not what it should be, or not safe to read."""


class UnreachableError(SconesError):
    """The data set's server could not be reached."""


class DownloadError(SconesError):
    """A download began and did not end well."""


class MissingError(SconesError):
    """Something that an earlier step makes is not there."""


class SpoiltError(SconesError):
    """What an earlier step made is broken, or somebody else's."""


class BucketError(SconesError):
    """The bucket cannot be used."""


class TrainingError(SconesError):
    """A training job did not complete."""


class LocalModeError(SconesError):
    """This machine cannot do what instance type `local` asks for."""


class EndpointError(SconesError):
    """The endpoint did not come into service."""


class StackError(SconesError):
    """The CloudFormation stack could not be deployed or deleted."""


class ConsentError(SconesError):
    """A person was asked and said no, or nobody could be asked."""


class ExecutionsError(SconesError):
    """Executions of the state machine failed."""


class PipelineError(SconesError):
    """A run of the pipeline failed, or could not be followed."""


class GateError(SconesError):
    """The pipeline did not put the new model into service: it is not good enough."""

    exit_code = 3


class CaptureError(SconesError):
    """Captured records cannot be read."""


class AwsError(SconesError):
    """AWS refused a call, or could not be called."""


EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
UNKNOWN_KEY = {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}


def code_of(error: aws.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def message_of(error: aws.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", error))


def is_unknown_name(error: aws.ClientError) -> bool:
    """SageMaker says ValidationException of a name that it does not know, and of much else."""
    words = message_of(error).lower()
    said = any(sign in words for sign in ("could not find", "not found", "does not exist"))
    return code_of(error) == "ResourceNotFound" or (code_of(error) == "ValidationException" and said)


def _refusal(error: aws.ClientError, target: str) -> str:
    code, message = code_of(error), message_of(error)
    if code in EXPIRED:
        return f"the credentials of profile {target!r} have expired: sign in again (`aws sso login --profile {target}`)"
    if code in UNKNOWN_KEY:
        return f"AWS does not know the credentials of profile {target!r} ({message}): check `aws configure list`"
    if code in DENIED:
        return f"profile {target!r} may not call {error.operation_name}: {message}; ask for that permission"
    return f"{error.operation_name} was answered with {code}: {message}"


def explained(error: aws.BotoCoreError | aws.ClientError, target: str) -> AwsError:
    """An error of botocore as one that says what to do."""
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
            return AwsError(f"{error}; profile {target!r}: check that what it points to is up and can be reached")
        case _:
            return AwsError(f"{type(error).__name__}: {error}")
