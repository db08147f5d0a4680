"""Services and operations that the local cloud lacks are refused by name, in an answer that no SDK retries."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

AnyClient = Callable[[str], Any]


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        (
            "sagemaker-featurestore-runtime",
            "GetRecord",
            {"FeatureGroupName": "a", "RecordIdentifierValueAsString": "1"},
        ),
        ("sagemaker-edge", "GetDeviceRegistration", {"DeviceName": "a", "DeviceFleetName": "fleet"}),
        ("sagemaker-geospatial", "ListRasterDataCollections", {}),
        ("bedrock-runtime", "InvokeModel", {"modelId": "a", "body": b"{}"}),
        ("rekognition", "DetectLabels", {"Image": {"Bytes": b"a"}}),
        ("ecr", "DescribeRepositories", {}),
    ],
)
def test_a_service_that_the_local_cloud_lacks_is_refused_by_name_at_once(
    client: AnyClient, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match=f"{service} {operation} is not in the local cloud") as refused:
        client(service)._make_api_call(operation, arguments)
    metadata = refused.value.response["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (501, 0)


@pytest.mark.parametrize(
    ("bucket", "message"),
    [
        ("sagemaker-sample-files", "sagemaker-sample-files is AWS's own"),
        ("jumpstart-cache-prod-us-east-1", "Create it here"),
        ("sagemaker-us-east-1-111122223333", "The specified bucket does not exist$"),
    ],
)
def test_a_bucket_of_aws_is_named_with_what_to_do(client: AnyClient, bucket: str, message: str) -> None:
    with pytest.raises(ClientError, match=f"NoSuchBucket.*{message}"):
        client("s3").get_object(Bucket=bucket, Key="a")


def test_an_operation_that_no_service_has_is_refused_at_once(client: AnyClient) -> None:
    stepfunctions = client("stepfunctions")
    stepfunctions.meta.events.register(
        "before-call", lambda params, **_: params["headers"].update({"X-Amz-Target": "AWSStepFunctions.Undo"})
    )
    with pytest.raises(ClientError, match="has no operation AWSStepFunctions") as refused:
        stepfunctions.list_state_machines()
    metadata = refused.value.response["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (400, 0)
