"""CreateTransformJob's request: its defaults, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from sagemaker_emulator.transform.request import TransformRequest, with_defaults
from sagemaker_emulator.wire import AwsError

SOURCE = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in"}}


def parsed(source: dict[str, Any] | None = None, output: dict[str, Any] | None = None, **more: Any) -> TransformRequest:
    wire = {
        "ModelName": "model",
        "TransformInput": {"DataSource": SOURCE, **(source or {})},
        "TransformOutput": {"S3OutputPath": "s3://bucket/out", **(output or {})},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **more,
    }
    return TransformRequest.parse(with_defaults(wire))


def test_a_request_has_awss_defaults() -> None:
    request = parsed()
    assert (request.split_type, request.is_gzipped, request.ends_lines) == ("None", False, False)
    assert (request.client.timeout_s, request.client.max_retries, request.client.headers) == (600, 3, {})
    assert not request.processing.changes_input
    assert not request.processing.changes_output


def test_the_requests_values_are_read() -> None:
    request = parsed(
        {"CompressionType": "Gzip", "SplitType": "Line", "ContentType": "text/csv"},
        {"AssembleWith": "Line", "Accept": "text/csv"},
        ModelClientConfig={"InvocationsTimeoutInSeconds": 5, "InvocationsMaxRetries": 0},
    )
    assert (request.split_type, request.is_gzipped, request.ends_lines) == ("Line", True, True)
    assert (request.client.timeout_s, request.client.max_retries) == (5, 0)
    assert request.client.headers == {"Content-Type": "text/csv", "Accept": "text/csv"}


MANIFEST = {"S3DataSource": {"S3DataType": "AugmentedManifestFile", "S3Uri": "s3://b/x"}}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"source": {"DataSource": MANIFEST}}, "S3DataType AugmentedManifestFile is not emulated"),
        ({"DataCaptureConfig": {"DestinationS3Uri": "nowhere"}}, "'nowhere' is not an S3 URI"),
        ({"MaxPayloadInMB": 51, "MaxConcurrentTransforms": 2}, r"cannot exceed 100 MB, and is 2 \* 51 MB"),
        ({"MaxPayloadInMB": 0, "MaxConcurrentTransforms": 101}, "cannot exceed 100 MB"),
        ({"output": {"S3OutputPath": "nowhere"}}, "'nowhere' is not an S3 URI"),
        ({"DataProcessing": {"InputFilter": "a"}}, "does not begin with"),
        ({"TransformResources": {"InstanceType": "ml.x", "InstanceCount": 21}}, "ml.x for transform job usage"),
    ],
)
def test_a_request_that_cannot_run_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(AwsError, match=text):
        parsed(**changes)


def test_as_much_in_flight_as_the_limit_is_accepted() -> None:
    assert parsed(MaxPayloadInMB=50, MaxConcurrentTransforms=2).parameters.max_payload_mb == 50
