"""The AWS services that the emulator itself uses, as a client: S3, CloudWatch Logs, CloudWatch, EventBridge, STS,
Lambda, SQS.

Endpoints and keys come from boto3's own variables, so any S3 will do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    HTTPClientError,
    IncompleteReadError,
    ParamValidationError,
    ResponseStreamingError,
)
from botocore.session import Session

from sagemaker_emulator.aws_clients.execution_roles import ExecutionRoles, RoleCheck
from sagemaker_emulator.aws_clients.role_keys import ContainerVariables
from sagemaker_emulator.aws_clients.service_models import service_models
from sagemaker_emulator.resources.scope import Scope

AWS_ERRORS = (Boto3Error, BotoCoreError, ClientError)  # everything that a boto3 call can raise
TEMPORARY_ERRORS = (HTTPClientError, ConnectionError, ResponseStreamingError, IncompleteReadError)
TEMPORARY_CODES = frozenset({"NoSuchUpload", "RequestTimeout", "SlowDown", "Throttling", "ThrottlingException"})

SECRET_KEY = "test"  # noqa: S105 - no local service checks signatures
REQUEST_READ_TIMEOUT_S = 10.0
REQUEST_ATTEMPTS = 2
FUNCTION_READ_TIMEOUT_S = 960.0


def is_callers_fault(error: BaseException) -> bool:
    """Return whether AWS blames the request: a missing bucket, a denied key, a name that no bucket can have."""
    error = cause_of(error)
    if isinstance(error, ClientError):
        return 400 <= int(error.response["ResponseMetadata"].get("HTTPStatusCode", 500)) < 500
    return isinstance(error, ParamValidationError)


def is_temporary(error: BaseException) -> bool:
    """Return whether the same call may succeed later: the service is unavailable, too busy, or at fault."""
    cause = cause_of(error)
    if isinstance(cause, ClientError):
        return cause.response["Error"].get("Code") in TEMPORARY_CODES or not is_callers_fault(cause)
    return isinstance(cause, TEMPORARY_ERRORS)


def cause_of(error: BaseException) -> BaseException:
    """Return the error behind boto3's own, whose message only quotes it."""
    while isinstance(error, Boto3Error) and (cause := error.__cause__ or error.__context__):
        error = cause
    return error


def _botocore_session() -> Session:
    session = Session()
    session.register_component("data_loader", service_models())
    return session


@dataclass(frozen=True)
class S3Location:
    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> S3Location:
        parts = urlsplit(uri)
        if parts.scheme != "s3" or not parts.netloc:
            raise ValueError(f"{uri!r} is not an S3 URI of the form s3://<bucket>/<key>")
        return cls(parts.netloc, uri.removeprefix("s3://").partition("/")[2])

    def joined(self, *names: str) -> S3Location:
        return S3Location(self.bucket, "/".join([part for part in (self.key.rstrip("/"), *names) if part]))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class AwsClients:
    """boto3 clients, created at first use and shared by all threads: boto3 allows that.

    `access_key` is the number of the account to act in, as LocalStack and moto know accounts; without one, boto3's own
    variables have the keys.
    """

    def __init__(self, scope: Scope, access_key: str | None = None, role_check: RoleCheck | None = None) -> None:
        self._region, self._access_key = scope.region, access_key
        self.container_variables = ContainerVariables(scope, lambda: self.sts, lambda: self.s3)
        self.execution_roles = ExecutionRoles(
            scope.account_id, role_check or RoleCheck(), lambda: self.iam, lambda: self.s3
        )

    @cached_property
    def _session(self) -> boto3.session.Session:
        """Created at the first client: it takes 20 ms, and many accounts of a test run need none."""
        keys = {"aws_access_key_id": self._access_key, "aws_secret_access_key": SECRET_KEY} if self._access_key else {}
        return boto3.session.Session(region_name=self._region, botocore_session=_botocore_session(), **keys)

    def _client(self, service: str, read_timeout_s: float = 60, attempts: int = 3, **options: Any) -> Any:
        retries = {"mode": "standard", "max_attempts": attempts}
        config = Config(connect_timeout=3, read_timeout=read_timeout_s, retries=retries, **options)
        return self._session.client(service, config=config)

    @cached_property
    def s3(self) -> Any:
        return self._client("s3", max_pool_connections=32, s3={"addressing_style": "path"})

    @cached_property
    def s3_of_requests(self) -> Any:
        """S3 while a caller waits: an S3 that does not answer must fail the request before its client gives up."""
        return self._client(
            "s3", REQUEST_READ_TIMEOUT_S, REQUEST_ATTEMPTS, max_pool_connections=64, s3={"addressing_style": "path"}
        )

    @cached_property
    def logs(self) -> Any:
        return self._client("logs")

    @cached_property
    def cloudwatch(self) -> Any:
        return self._client("cloudwatch")

    @cached_property
    def alarms(self) -> Any:
        """CloudWatch while a caller or an endpoint's update waits."""
        return self._client("cloudwatch", REQUEST_READ_TIMEOUT_S, REQUEST_ATTEMPTS)

    @cached_property
    def sns(self) -> Any:
        return self._client("sns")

    @cached_property
    def sts(self) -> Any:
        return self._client("sts")

    @cached_property
    def iam(self) -> Any:
        """IAM while a caller waits."""
        return self._client("iam", REQUEST_READ_TIMEOUT_S, REQUEST_ATTEMPTS)

    @cached_property
    def functions(self) -> Any:
        """Lambda. A function may run for 15 minutes, and must not be invoked twice."""
        return self._client("lambda", FUNCTION_READ_TIMEOUT_S, 1, max_pool_connections=64)

    @cached_property
    def sqs(self) -> Any:
        return self._client("sqs")

    @cached_property
    def events(self) -> Any:
        return self._client("events")
