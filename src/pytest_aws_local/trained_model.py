"""A small model that tells red pictures from blue ones: a training job trains it once, and pytest's cache keeps it."""

import fcntl
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_aws_local.accounts import Account, new_account
from pytest_aws_local.pictures import BLUE, RED, picture
from pytest_aws_local.polling import poll

BUILT_IN_IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
LABELS = ("red", "blue")
IMAGES = 24
HYPERPARAMETERS = {
    "image_shape": "3,32,32",
    "num_classes": str(len(LABELS)),
    "num_training_samples": str(IMAGES),
    "mini_batch_size": "8",
    "epochs": "6",
}
CHANNELS = {"train": "images/", "validation": "images/", "train_lst": "train/", "validation_lst": "validation/"}
TIMEOUT_S = 600.0
VERSION = 1  # of this recipe: raise it when the recipe changes, so that the model is trained again


@dataclass(frozen=True)
class TrainedModel:
    """The model. It is trained when it is needed and not yet in the folder."""

    endpoint_url: str
    folder: Path

    def archive(self) -> bytes:
        """Return `model.tar.gz`. If several processes need it, one trains the model and the others wait."""
        path = self.folder / f"colors-{VERSION}.tar.gz"
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                unfinished = path.with_suffix(".new")
                unfinished.write_bytes(_trained(new_account(self.endpoint_url)))
                unfinished.replace(path)
        return path.read_bytes()


def cache_folder(config: pytest.Config, temporary: pytest.TempPathFactory) -> Path:
    """Return a folder in pytest's cache, or one that the session's processes share if the cache is turned off."""
    cache = getattr(config, "cache", None)
    if cache is not None:
        return Path(cache.mkdir("aws-local"))
    base = temporary.getbasetemp()
    folder = (base.parent if hasattr(config, "workerinput") else base) / "aws-local"
    folder.mkdir(exist_ok=True)
    return folder


def _trained(account: Account) -> bytes:
    """Train the model in this account, and return the artifact."""
    bucket = account.bucket("training")
    _put_images(account.client("s3"), bucket)
    name = f"colors-{account.id}"
    account.client("sagemaker").create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": BUILT_IN_IMAGE, "TrainingInputMode": "File"},
        RoleArn=account.role(),
        InputDataConfig=[_channel(channel, bucket, prefix) for channel, prefix in CHANNELS.items()],
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": int(TIMEOUT_S)},
        HyperParameters=HYPERPARAMETERS,
    )
    _wait(account.client("sagemaker"), name)
    key = f"output/{name}/output/model.tar.gz"
    artifact: bytes = account.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    account.empty()
    return artifact


def _put_images(s3: Any, bucket: str) -> None:
    generator, lines = random.Random(1), []  # noqa: S311
    for index in range(IMAGES):
        label = index % len(LABELS)
        strong, weak = generator.randrange(160, 256), generator.randrange(90)
        color = (strong, weak, weak) if LABELS[label] == "red" else (weak, weak, strong)
        s3.put_object(Bucket=bucket, Key=f"images/{index}.png", Body=picture(color))
        lines.append(f"{index}\t{label}\t{index}.png\n")
    for name in ("train", "validation"):
        s3.put_object(Bucket=bucket, Key=f"{name}/{name}.lst", Body="".join(lines).encode())


def _channel(name: str, bucket: str, prefix: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{prefix}", "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "ContentType": "application/x-image", "DataSource": {"S3DataSource": source}}


def _wait(sagemaker: Any, name: str) -> None:
    def ended() -> dict[str, Any] | None:
        job: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=name)
        return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    job = poll(ended, TIMEOUT_S, lambda: f"the training job {name} has not ended")
    if job["TrainingJobStatus"] != "Completed":
        raise RuntimeError(f"the training job {name} is {job['TrainingJobStatus']}: {job.get('FailureReason')}")


SAMPLES = {"red": picture(RED), "blue": picture(BLUE)}
"""A picture of each label, to send to the endpoint."""
