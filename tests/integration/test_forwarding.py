"""LocalStack's endpoint also serves SageMaker: the gateway passes on the emulator's own answers."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError


def gateway_url() -> str:
    """Return the gateway's URL from S3's client, because the profile may send SageMaker's clients to the emulator."""
    url: str = boto3.client("s3").meta.endpoint_url
    return url


def through_gateway(service: str) -> Any:
    return boto3.client(service, endpoint_url=gateway_url())


def error_of(call: Callable[[], object]) -> ClientError:
    with pytest.raises(ClientError) as raised:
        call()
    return raised.value


@pytest.mark.parametrize("client", [boto3.client, through_gateway])
def test_an_error_is_the_same_with_and_without_the_gateway(client: Callable[[str], Any]) -> None:
    error = error_of(lambda: client("sagemaker").describe_training_job(TrainingJobName="there-is-none"))
    assert error.response["Error"]["Code"] == "ValidationException"
    assert error.response["Error"]["Message"] == "Requested resource not found."
    assert error.response["ResponseMetadata"]["RequestId"]


def test_an_answer_is_the_same_with_and_without_the_gateway() -> None:
    direct, forwarded = (client("sagemaker").list_models() for client in (boto3.client, through_gateway))
    assert direct["Models"] == forwarded["Models"]
    assert forwarded["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.1"


def test_the_runtimes_requests_use_the_rest_json_protocol() -> None:
    runtime = through_gateway("sagemaker-runtime")
    error = error_of(lambda: runtime.invoke_endpoint(EndpointName="there-is-none", Body=b"\x00\xff"))
    assert error.response["Error"]["Code"] == "ValidationError"
    assert "there-is-none" in error.response["Error"]["Message"]


def test_metrics_of_runs_pass_through_the_gateway() -> None:
    through_gateway("sagemaker").create_trial_component(TrialComponentName="through-the-gateway")
    metrics, data = (
        through_gateway("sagemaker-metrics"),
        [{"MetricName": "loss", "Value": 0.5, "Timestamp": time.time()}],
    )
    metrics.batch_put_metrics(TrialComponentName="through-the-gateway", MetricData=data)
    described = boto3.client("sagemaker").describe_trial_component(TrialComponentName="through-the-gateway")
    assert described["Metrics"][0]["Last"] == 0.5
    boto3.client("sagemaker").delete_trial_component(TrialComponentName="through-the-gateway")


def test_the_emulator_validates_requests_that_the_gateway_forwards() -> None:
    error = error_of(lambda: through_gateway("sagemaker").describe_endpoint(EndpointName="_"))
    assert error.response["Error"]["Code"] == "ValidationException"
    assert "1 validation error detected" in error.response["Error"]["Message"]


def test_the_gateway_listens_only_on_loopback() -> None:
    port = urlsplit(gateway_url()).port
    listening = [c.laddr.ip for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.laddr.port == port]
    assert listening == ["127.0.0.1"]
