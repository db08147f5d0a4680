import pytest

from scones import endpoint, stage
from scones.errors import MissingError
from scones.kit import Kit
from scones.training import TrainingJob

JOB = TrainingJob("scones-vehicles-1", "Completed", "Completed", None, "image", "s3://b/model.tar.gz", 9.0, None, 30)


def deployed(kit: Kit, job: TrainingJob = JOB) -> bool:
    config = endpoint.ensure_config(kit, endpoint.ensure_model(kit, job))
    return endpoint.deploy(kit, "scones-vehicles", config)


def test_all_traffic_is_captured_in_and_out(kit: Kit) -> None:
    stage.stage(kit)
    assert deployed(kit)
    sagemaker = kit.client("sagemaker")
    name = sagemaker.describe_endpoint(EndpointName="scones-vehicles")["EndpointConfigName"]
    capture = sagemaker.describe_endpoint_config(EndpointConfigName=name)["DataCaptureConfig"]
    assert capture["InitialSamplingPercentage"] == 100
    assert capture["DestinationS3Uri"] == f"s3://{kit.bucket}/data_capture"
    assert [option["CaptureMode"] for option in capture["CaptureOptions"]] == ["Input", "Output"]


def test_the_same_model_is_deployed_once(kit: Kit) -> None:
    assert deployed(kit)
    assert not deployed(kit)
    assert endpoint.require_in_service(kit) == "scones-vehicles"


def test_another_model_has_another_config(kit: Kit) -> None:
    other = TrainingJob("scones-vehicles-2", *(getattr(JOB, name) for name in list(JOB.__dataclass_fields__)[1:]))
    first = endpoint.ensure_config(kit, endpoint.ensure_model(kit, JOB))
    second = endpoint.ensure_config(kit, endpoint.ensure_model(kit, other))
    assert first != second


def test_a_model_that_no_job_made_is_named(kit: Kit) -> None:
    deployed(kit)
    with pytest.raises(MissingError, match="serves model scones-vehicles-1, which no training job made"):
        endpoint.served_job(kit, "scones-vehicles")


def test_a_missing_endpoint_says_which_step_makes_it(kit: Kit) -> None:
    with pytest.raises(MissingError, match="there is no endpoint scones-vehicles: run `scones endpoint` first"):
        endpoint.require_in_service(kit)
