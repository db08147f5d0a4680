"""Training on an account in memory, through the SageMaker SDK itself."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scones import stage, training
from scones.errors import MissingError, TrainingError
from scones.kit import Kit

MakeKit = Callable[..., Kit]
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
DESCRIPTION: Mapping[str, Any] = {
    "TrainingJobName": "scones-vehicles-1",
    "TrainingJobStatus": "Completed",
    "AlgorithmSpecification": {"TrainingImage": "image"},
    "TrainingStartTime": BEGAN,
    "TrainingEndTime": BEGAN + timedelta(seconds=90),
}


def put_model(kit: Kit, name: str) -> None:
    job = training.describe(kit.client("sagemaker"), name)
    assert job is not None
    key = (job.model_data or "").removeprefix(f"s3://{kit.bucket}/")
    kit.client("s3").put_object(Bucket=kit.bucket, Key=key, Body=b"")


@pytest.mark.slow
def test_the_job_has_the_contract_of_the_workflow(kit: Kit) -> None:
    dataset = stage.stage(kit)
    training.start(kit, dataset, "scones-vehicles-1")
    found = kit.client("sagemaker").describe_training_job(TrainingJobName="scones-vehicles-1")
    channels = {item["ChannelName"]: item for item in found["InputDataConfig"]}
    uris = {name: item["DataSource"]["S3DataSource"]["S3Uri"] for name, item in channels.items()}
    place = f"s3://{kit.bucket}"
    assert uris == {
        "train": f"{place}/train/",
        "validation": f"{place}/test/",
        "train_lst": f"{place}/train.lst",
        "validation_lst": f"{place}/test.lst",
    }
    assert {item["ContentType"] for item in channels.values()} == {"application/x-image"}
    assert found["HyperParameters"]["num_training_samples"] == "4"
    assert found["OutputDataConfig"]["S3OutputPath"] == f"{place}/models"
    assert found["AlgorithmSpecification"]["TrainingImage"].endswith(".amazonaws.com/image-classification:1")
    assert found["RoleArn"] == kit.settings.role


@pytest.mark.slow
def test_a_completed_job_is_used_again_until_its_model_is_gone(kit: Kit) -> None:
    dataset = stage.stage(kit)
    base = training.base_name(kit, dataset)
    training.start(kit, dataset, base)
    assert training.latest(kit, dataset) == (None, f"{base}-2")
    put_model(kit, base)
    job, name = training.latest(kit, dataset)
    assert (name, job.status if job else None) == (base, "Completed")
    assert training.trained(kit) == job


def test_the_name_follows_data_and_hyperparameters(kit: Kit, make_kit: MakeKit) -> None:
    dataset = stage.stage(kit)
    base = training.base_name(kit, dataset)
    assert training.base_name(make_kit(), dataset) == base
    assert training.base_name(make_kit(hyperparameters="epochs=2"), dataset) != base
    assert training.base_name(kit, replace(dataset, digest="other")) != base


def test_before_staging_nothing_is_trained(kit: Kit) -> None:
    with pytest.raises(MissingError, match="run `scones stage` first"):
        training.train(kit)


def test_without_images_no_job_is_started(kit: Kit) -> None:
    dataset = stage.stage(kit)
    for key in stage.require_images(kit, "train"):
        kit.client("s3").delete_object(Bucket=kit.bucket, Key=key)
    with pytest.raises(MissingError, match=r"no image under s3://.*/train/"):
        training.start(kit, dataset, "scones-vehicles-1")


def test_without_a_completed_job_there_is_nothing_to_deploy(kit: Kit) -> None:
    stage.stage(kit)
    with pytest.raises(TrainingError, match="run `scones train` first"):
        training.trained(kit)


def test_accuracy_is_the_descriptions_or_the_best_of_the_log() -> None:
    lines = ["Epoch[0] Validation-accuracy=0.81", "Epoch[1] Validation-accuracy=0.87", "Epoch[2] Train-accuracy=0.99"]
    job = training.TrainingJob.from_wire(DESCRIPTION)
    assert training.validation_accuracy(job, lines) == 0.87
    assert training.validation_accuracy(job, []) is None
    metrics = [{"MetricName": "validation:accuracy", "Value": 0.9}]
    described = training.TrainingJob.from_wire({**DESCRIPTION, "FinalMetricDataList": metrics})
    assert training.validation_accuracy(described, lines) == 0.9


@pytest.mark.parametrize(("said", "epochs"), [("7", 7), ('"7"', 7), ("abc", None), ("-1", None)])
def test_epochs_that_are_no_number_are_for_the_container_to_refuse(said: str, epochs: int | None) -> None:
    job = training.TrainingJob.from_wire({**DESCRIPTION, "HyperParameters": {"epochs": said}})
    assert job.epochs == epochs


def test_a_job_that_is_refused_to_the_end_is_not_called_started() -> None:
    def refused() -> None:
        raise ClientError({"Error": {"Message": "Could not assume role"}}, "CreateTrainingJob")

    with pytest.raises(ClientError, match="Could not assume role"):
        training.once_role_is_known(refused, timeout_s=0.01, interval_s=0.02)


def test_seconds_are_the_descriptions_or_the_time_between() -> None:
    assert training.training_seconds(DESCRIPTION) == 90
    assert training.training_seconds({**DESCRIPTION, "TrainingTimeInSeconds": 80}) == 80
    assert training.training_seconds({}) is None
