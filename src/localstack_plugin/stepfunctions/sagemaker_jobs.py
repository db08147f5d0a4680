"""SageMaker jobs that `.sync` tasks of Step Functions wait for."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from botocore import xform_name
from botocore.client import BaseClient
from botocore.exceptions import ClientError

SYNCHRONOUS = frozenset({"HyperParameterTuningJob", "ProcessingJob", "TrainingJob", "TransformJob"})
ENDED = frozenset({"Completed", "Failed", "Stopped"})


class JobFailed(Exception):
    """The job ended as Failed or Stopped."""

    def __init__(self, description: dict[str, Any]) -> None:
        super().__init__(description.get("FailureReason"))
        self.description = description


@dataclass(frozen=True)
class Job:
    """A job that LocalStack polls by calling it. SageMaker names the operations and members of all kinds alike."""

    client: BaseClient
    kind: str
    name: str

    def __call__(self) -> dict[str, Any] | None:
        """Return its description once it is Completed, and None while it runs or SageMaker answers with a 5xx.

        Raises JobFailed.
        """
        try:
            description = self._call("Describe")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
                return None
            raise
        status = description[f"{self.kind}Status"]
        if status not in ENDED:
            return None
        if status != "Completed":
            raise JobFailed(description)
        return description

    def stop(self) -> None:
        with suppress(ClientError):  # the job may have ended in the meantime
            self._call("Stop")

    def _call(self, verb: str) -> dict[str, Any]:
        response = getattr(self.client, xform_name(verb + self.kind))(**{f"{self.kind}Name": self.name})
        response.pop("ResponseMetadata", None)
        return {key: json_able(member) for key, member in response.items()}


def json_able(value: object) -> object:
    """Return the value with times as milliseconds since the epoch, as in outputs of AWS's optimized integrations."""
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, dict):
        return {key: json_able(member) for key, member in value.items()}
    if isinstance(value, list):
        return [json_able(member) for member in value]
    return value
