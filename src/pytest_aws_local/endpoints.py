"""Endpoints that serve a model for one test: the test's own model, or the small trained one."""

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from pytest_aws_local.accounts import Account
from pytest_aws_local.polling import poll
from pytest_aws_local.trained_model import BUILT_IN_IMAGE, LABELS, SAMPLES, TrainedModel

TIMEOUT_S = 180.0
VARIANT = "AllTraffic"


class EndpointFailed(Exception):
    """The endpoint did not become InService; the message has its FailureReason."""


@dataclass(frozen=True)
class Endpoint:
    """An endpoint that is InService."""

    name: str
    bucket: str
    _runtime: Any = field(repr=False)

    @property
    def captured(self) -> str:
        """The prefix, in the bucket, of the records that the endpoint captures."""
        return f"captured/{self.name}/{VARIANT}/"

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the small model, in the order of its answer."""
        return LABELS

    @property
    def samples(self) -> Mapping[str, bytes]:
        """A picture (PNG) of each label of the small model."""
        return SAMPLES

    def invoke(self, body: bytes, content_type: str = "application/x-image", **options: Any) -> Any:
        """Send the body; return the answer: parsed if it is JSON, otherwise its bytes.

        `options` are those of boto3's `invoke_endpoint`. Raises botocore's ClientError.
        """
        answer = self._runtime.invoke_endpoint(EndpointName=self.name, Body=body, ContentType=content_type, **options)
        content: bytes = answer["Body"].read()
        return json.loads(content) if "json" in answer["ContentType"] else content

    def predict(self, picture: bytes) -> str:
        """Return the label that the small model gives the picture."""
        probabilities = self.invoke(picture)
        return LABELS[probabilities.index(max(probabilities))]


@dataclass
class EndpointFactory:
    """The value of the fixture `sagemaker_endpoint`: call it to create an endpoint in the test's account."""

    account: Account
    trained: TrainedModel
    _names: list[str] = field(default_factory=list)

    def __call__(
        self,
        model_data: str | Path | None = None,
        *,
        image: str = BUILT_IN_IMAGE,
        environment: Mapping[str, str] | None = None,
        instance_type: str = "ml.m5.large",
        timeout_s: float = TIMEOUT_S,
    ) -> Endpoint:
        """Create an endpoint that captures all traffic, and return it once it is InService.

        `model_data` is a `model.tar.gz`, as a file or an S3 URI; None means the small model. Raises EndpointFailed, or
        TimeoutError after `timeout_s`.
        """
        name, bucket = f"test-{secrets.token_hex(4)}", self.account.bucket("endpoint")
        self._names.append(name)
        uri = model_data if isinstance(model_data, str) else self._upload(bucket, model_data)
        self._create(
            name, bucket, {"Image": image, "ModelDataUrl": uri, "Environment": environment or {}}, instance_type
        )
        self._wait(name, timeout_s)
        return Endpoint(name, bucket, self.account.client("sagemaker-runtime"))

    def delete_all(self) -> None:
        """Delete the endpoints, their configurations and their models."""
        sagemaker = self.account.client("sagemaker")
        for name in self._names:
            for delete, key in (
                (sagemaker.delete_endpoint, "EndpointName"),
                (sagemaker.delete_endpoint_config, "EndpointConfigName"),
                (sagemaker.delete_model, "ModelName"),
            ):
                with suppress(ClientError):  # the test has deleted it, or it was never created
                    delete(**{key: name})
        self._names.clear()

    def _upload(self, bucket: str, model_data: Path | None) -> str:
        body = model_data.read_bytes() if model_data else self.trained.archive()
        self.account.client("s3").put_object(Bucket=bucket, Key="model.tar.gz", Body=body)
        return f"s3://{bucket}/model.tar.gz"

    def _create(self, name: str, bucket: str, container: Mapping[str, Any], instance_type: str) -> None:
        sagemaker = self.account.client("sagemaker")
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=self.account.role(), PrimaryContainer=container)
        variant = {
            "VariantName": VARIANT,
            "ModelName": name,
            "InstanceType": instance_type,
            "InitialInstanceCount": 1,
        }
        capture = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{bucket}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        }
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant], DataCaptureConfig=capture
        )
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def _wait(self, name: str, timeout_s: float) -> None:
        def settled() -> dict[str, Any] | None:
            described: dict[str, Any] = self.account.client("sagemaker").describe_endpoint(EndpointName=name)
            return None if described["EndpointStatus"] == "Creating" else described

        described = poll(settled, timeout_s, lambda: f"the endpoint {name} is still Creating")
        if described["EndpointStatus"] != "InService":
            raise EndpointFailed(f"{name} is {described['EndpointStatus']}: {described.get('FailureReason')}")
