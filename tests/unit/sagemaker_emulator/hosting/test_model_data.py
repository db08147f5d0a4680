"""What CreateModel makes of S3's answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from sagemaker_emulator.hosting.model_data import require_model_data
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.wire import AwsError

ROLE = "arn:aws:iam::000000000000:role/sagemaker"
MODEL = Model(
    "m", "arn", {"PrimaryContainer": {"ModelDataUrl": "s3://bucket/model.tar.gz"}, "ExecutionRoleArn": ROLE}, 1
)


@dataclass
class FailingS3:
    error: Exception

    def head_object(self, **_: Any) -> dict[str, Any]:
        raise self.error


def answer(status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": str(status)}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "HeadObject",
    )


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "Could not find model data at s3://bucket/model.tar.gz."),
        (403, f'Could not access model data at s3://bucket/model.tar.gz. Please ensure that the role "{ROLE}" exists'),
        (400, "that the object is located in eu-west-1."),
    ],
)
def test_a_refusal_of_s3_refuses_the_model(status: int, message: str) -> None:
    with pytest.raises(AwsError) as refusal:
        require_model_data(FailingS3(answer(status)), MODEL, "eu-west-1")
    assert refusal.value.code == "ValidationException"
    assert message in str(refusal.value)


@pytest.mark.parametrize("error", [answer(503), EndpointConnectionError(endpoint_url="http://127.0.0.1:1")])
def test_an_s3_that_cannot_answer_says_nothing_about_the_data(error: Exception) -> None:
    with pytest.raises((ClientError, BotoCoreError)) as raised:
        require_model_data(FailingS3(error), MODEL, "eu-west-1")
    assert raised.value is error
