"""Training in an account in memory, through the SageMaker SDK itself."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scones.context import Context
from scones.dataset import staged, staging
from scones.dataset.manifests import Dataset
from scones.errors import MissingError, TrainingError
from scones.training import train, training_job
from scones.training.kept_epoch import KeptEpoch, kept_epoch

MakeContext = Callable[..., Context]
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
DESCRIPTION: Mapping[str, Any] = {
    "TrainingJobName": "scones-vehicles-1",
    "TrainingJobStatus": "Completed",
    "AlgorithmSpecification": {"TrainingImage": "image"},
    "TrainingStartTime": BEGAN,
    "TrainingEndTime": BEGAN + timedelta(seconds=90),
}


def base_name(context: Context, dataset: Dataset) -> str:
    return training_job.base_name(context.settings, context.data_bucket.name, dataset)


def put_model(context: Context, name: str) -> None:
    job = training_job.describe(context.client("sagemaker"), name)
    assert job is not None
    key = (job.model_data or "").removeprefix(f"s3://{context.data_bucket.name}/")
    context.client("s3").put_object(Bucket=context.data_bucket.name, Key=key, Body=b"")


@pytest.mark.slow
def test_the_job_has_the_channels_and_hyperparameters_of_the_algorithm(context: Context) -> None:
    dataset = staging.stage(context)
    train.start(context, dataset, "scones-vehicles-1")
    description = context.client("sagemaker").describe_training_job(TrainingJobName="scones-vehicles-1")
    channels = {item["ChannelName"]: item for item in description["InputDataConfig"]}
    uris = {name: item["DataSource"]["S3DataSource"]["S3Uri"] for name, item in channels.items()}
    place = f"s3://{context.data_bucket.name}"
    assert uris == {
        "train": f"{place}/train/",
        "validation": f"{place}/test/",
        "train_lst": f"{place}/train.lst",
        "validation_lst": f"{place}/test.lst",
    }
    assert {item["ContentType"] for item in channels.values()} == {"application/x-image"}
    assert description["HyperParameters"]["num_training_samples"] == "4"
    assert description["OutputDataConfig"]["S3OutputPath"] == f"{place}/models"
    assert description["AlgorithmSpecification"]["TrainingImage"].endswith(".amazonaws.com/image-classification:1")
    assert description["RoleArn"] == context.settings.role


@pytest.mark.slow
def test_a_completed_job_is_reused_while_its_model_exists(context: Context) -> None:
    dataset = staging.stage(context)
    base = base_name(context, dataset)
    train.start(context, dataset, base)
    assert train.latest(context, dataset) == (None, f"{base}-2")
    put_model(context, base)
    job, name = train.latest(context, dataset)
    assert (name, job.status if job else None) == (base, "Completed")
    assert train.trained(context) == job


def test_the_name_depends_on_data_and_hyperparameters(context: Context, make_context: MakeContext) -> None:
    dataset = staging.stage(context)
    base = base_name(context, dataset)
    assert base_name(make_context(), dataset) == base
    assert base_name(make_context(hyperparameters="epochs=2"), dataset) != base
    assert base_name(context, replace(dataset, digest="other")) != base


def test_training_before_staging_is_an_error(context: Context) -> None:
    with pytest.raises(MissingError, match="run `scones stage` first"):
        train.train(context)


def test_without_images_no_job_is_started(context: Context) -> None:
    dataset = staging.stage(context)
    for key in staged.require_images(context.data_bucket, "train"):
        context.client("s3").delete_object(Bucket=context.data_bucket.name, Key=key)
    with pytest.raises(MissingError, match=r"no image under s3://.*/train/"):
        train.start(context, dataset, "scones-vehicles-1")


def test_without_a_completed_job_the_error_names_scones_train(context: Context) -> None:
    staging.stage(context)
    with pytest.raises(TrainingError, match="run `scones train` first"):
        train.trained(context)


def test_the_kept_epoch_is_the_first_with_the_highest_validation_accuracy() -> None:
    accuracies = (0.81, 0.95, 0.95, 0.935)
    lines = [f"Epoch[{number}] Validation-accuracy={value}" for number, value in enumerate(accuracies)]
    kept = kept_epoch([*lines, "Epoch[4] Train-accuracy=0.99"])
    assert kept == KeptEpoch(0.95, 2)
    assert str(kept) == "0.950 (epoch 2, kept)"
    assert kept_epoch([]) is None


@pytest.mark.parametrize(("text", "epochs"), [("7", 7), ('"7"', 7), ("abc", None), ("-1", None)])
def test_epochs_that_are_not_a_number_are_unknown(text: str, epochs: int | None) -> None:
    job = training_job.TrainingJob.from_wire({**DESCRIPTION, "HyperParameters": {"epochs": text}})
    assert job.epochs == epochs


def test_a_role_that_stays_unknown_is_an_error() -> None:
    def refuse() -> None:
        raise ClientError({"Error": {"Message": "Could not assume role"}}, "CreateTrainingJob")

    with pytest.raises(ClientError, match="Could not assume role"):
        train.retry_until_role_is_known(refuse, timeout_s=0.01, interval_s=0.02)


def test_training_seconds_are_from_the_description_or_between_start_and_end() -> None:
    assert training_job.training_seconds(DESCRIPTION) == 90
    assert training_job.training_seconds({**DESCRIPTION, "TrainingTimeInSeconds": 80}) == 80
    assert training_job.training_seconds({}) is None
