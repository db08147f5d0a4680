"""The endpoint captures all traffic, is deployed once per model, and a failed deployment is an error."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from scones.context import Context
from scones.dataset import staging
from scones.deployment import endpoint
from scones.errors import EndpointError, MissingError
from scones.training.training_job import TrainingJob

JOB = TrainingJob("scones-vehicles-1", "Completed", "Completed", None, "image", "s3://b/model.tar.gz", 9.0, 30)
IN_SERVICE = {"EndpointName": "scones-vehicles", "EndpointStatus": "InService", "EndpointConfigName": "new"}


def deploy(context: Context, job: TrainingJob = JOB) -> bool:
    config = endpoint.ensure_config(context, endpoint.ensure_model(context, job))
    return endpoint.deploy(context, "scones-vehicles", config)


def test_all_traffic_is_captured_in_and_out(context: Context) -> None:
    staging.stage(context)
    assert deploy(context)
    sagemaker = context.client("sagemaker")
    name = sagemaker.describe_endpoint(EndpointName="scones-vehicles")["EndpointConfigName"]
    capture = sagemaker.describe_endpoint_config(EndpointConfigName=name)["DataCaptureConfig"]
    assert capture["InitialSamplingPercentage"] == 100
    assert capture["DestinationS3Uri"] == f"s3://{context.data_bucket.name}/data_capture"
    assert [option["CaptureMode"] for option in capture["CaptureOptions"]] == ["Input", "Output"]


def test_the_same_model_is_deployed_once(context: Context) -> None:
    assert deploy(context)
    assert not deploy(context)
    endpoint.require_in_service(context, "scones-vehicles")
    assert endpoint.served_models(context.client("sagemaker"), "scones-vehicles") == {"AllTraffic": JOB.name}
    assert endpoint.served_models(context.client("sagemaker"), "another") == {}


def test_the_models_of_an_endpoint_that_is_updated_are_unknown(context: Context) -> None:
    deploy(context)
    sagemaker, updating = context.client("sagemaker"), {"EndpointStatus": "Updating"}
    sagemaker.meta.events.register("after-call.sagemaker.DescribeEndpoint", lambda parsed, **_: parsed.update(updating))
    assert endpoint.served_models(sagemaker, "scones-vehicles") == {}


def test_another_model_gets_another_configuration(context: Context) -> None:
    other = replace(JOB, name="scones-vehicles-2")
    first = endpoint.ensure_config(context, endpoint.ensure_model(context, JOB))
    second = endpoint.ensure_config(context, endpoint.ensure_model(context, other))
    assert first != second


def test_a_model_without_a_training_job_is_named(context: Context) -> None:
    deploy(context)
    with pytest.raises(MissingError, match="serves model scones-vehicles-1, which no training job"):
        endpoint.served_job(context.client("sagemaker"), "scones-vehicles")


def test_without_an_endpoint_the_error_names_scones_endpoint(context: Context) -> None:
    with pytest.raises(MissingError, match="there is no endpoint scones-vehicles: run `scones endpoint` first"):
        endpoint.require_in_service(context, "scones-vehicles")


FAILED_DEPLOYMENTS: dict[str, tuple[Mapping[str, Any] | None, str]] = {
    "deleted": (None, "endpoint scones-vehicles was deleted while it was being deployed"),
    "failed": (
        {**IN_SERVICE, "EndpointStatus": "Failed", "FailureReason": "no ping"},
        "endpoint scones-vehicles is Failed: no ping",
    ),
    "update rolled back": (
        {**IN_SERVICE, "EndpointConfigName": "old", "FailureReason": "the new variant did not start"},
        "endpoint scones-vehicles is InService: the new variant did not start",
    ),
}


@pytest.mark.parametrize(("description", "message"), FAILED_DEPLOYMENTS.values(), ids=FAILED_DEPLOYMENTS)
def test_a_failed_deployment_is_an_error_with_its_reason(
    context: Context, description: Mapping[str, Any] | None, message: str
) -> None:
    """After a failed update AWS leaves the endpoint InService with its old configuration."""
    with pytest.raises(EndpointError, match=message):
        endpoint.require_serving(context, "scones-vehicles", "new", description)


def test_an_endpoint_that_serves_the_new_config_is_no_error(context: Context) -> None:
    endpoint.require_serving(context, "scones-vehicles", "new", IN_SERVICE)
