import pytest

from scones.context import Context
from scones.dataset import staging
from scones.deployment import endpoint
from scones.errors import MissingError
from scones.training.training_job import TrainingJob

JOB = TrainingJob("scones-vehicles-1", "Completed", "Completed", None, "image", "s3://b/model.tar.gz", 9.0, None, 30)


def deployed(context: Context, job: TrainingJob = JOB) -> bool:
    config = endpoint.ensure_config(context, endpoint.ensure_model(context, job))
    return endpoint.deploy(context, "scones-vehicles", config)


def test_all_traffic_is_captured_in_and_out(context: Context) -> None:
    staging.stage(context)
    assert deployed(context)
    sagemaker = context.client("sagemaker")
    name = sagemaker.describe_endpoint(EndpointName="scones-vehicles")["EndpointConfigName"]
    capture = sagemaker.describe_endpoint_config(EndpointConfigName=name)["DataCaptureConfig"]
    assert capture["InitialSamplingPercentage"] == 100
    assert capture["DestinationS3Uri"] == f"s3://{context.bucket}/data_capture"
    assert [option["CaptureMode"] for option in capture["CaptureOptions"]] == ["Input", "Output"]


def test_the_same_model_is_deployed_once(context: Context) -> None:
    assert deployed(context)
    assert not deployed(context)
    assert endpoint.require_in_service(context) == "scones-vehicles"


def test_another_model_has_another_config(context: Context) -> None:
    other = TrainingJob("scones-vehicles-2", *(getattr(JOB, name) for name in list(JOB.__dataclass_fields__)[1:]))
    first = endpoint.ensure_config(context, endpoint.ensure_model(context, JOB))
    second = endpoint.ensure_config(context, endpoint.ensure_model(context, other))
    assert first != second


def test_a_model_that_no_job_made_is_named(context: Context) -> None:
    deployed(context)
    with pytest.raises(MissingError, match="serves model scones-vehicles-1, which no training job made"):
        endpoint.served_job(context, "scones-vehicles")


def test_a_missing_endpoint_says_which_step_makes_it(context: Context) -> None:
    with pytest.raises(MissingError, match="there is no endpoint scones-vehicles: run `scones endpoint` first"):
        endpoint.require_in_service(context)
