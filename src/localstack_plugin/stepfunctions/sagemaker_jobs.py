"""What Step Functions' `.sync` does with a SageMaker job: describe it until it has ended, stop it if need be."""

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
    """The job ended, but not as Completed."""

    def __init__(self, description: dict[str, Any]) -> None:
        super().__init__(description.get("FailureReason"))
        self.description = description


@dataclass(frozen=True)
class Job:
    """What `.sync` polls. SageMaker names the operations and members of every kind of job alike."""

    client: BaseClient
    kind: str
    name: str

    def __call__(self) -> dict[str, Any] | None:
        """Its description once it has completed; None while it runs, or while SageMaker cannot say."""
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
        with suppress(ClientError):  # it may have ended in the meantime
            self._call("Stop")

    def _call(self, verb: str) -> dict[str, Any]:
        response = getattr(self.client, xform_name(verb + self.kind))(**{f"{self.kind}Name": self.name})
        response.pop("ResponseMetadata", None)
        return {key: json_able(member) for key, member in response.items()}


def json_able(value: object) -> object:
    """Times become milliseconds since the epoch, as in the outputs of AWS's optimised integrations."""
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, dict):
        return {key: json_able(member) for key, member in value.items()}
    if isinstance(value, list):
        return [json_able(member) for member in value]
    return value
