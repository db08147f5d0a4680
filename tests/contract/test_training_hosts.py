"""Jobs of several hosts, with the built-in algorithm itself."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

BUCKET = "contract"
BUILT_IN = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
CHANNELS = ("train", "validation", "train_lst", "validation_lst")
HYPERPARAMETERS = {
    "image_shape": "3,8,8",
    "num_classes": "2",
    "num_training_samples": "8",
    "mini_batch_size": "4",
    "epochs": "1",
}


def picture(bright: bool) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), 200 if bright else 20, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def put_images(s3: Any) -> None:
    lines = "".join(f"{number}\t{number % 2}\t{number}.png\n" for number in range(8))
    for channel in ("train", "validation"):
        s3.put_object(Bucket=BUCKET, Key=f"hosts/{channel}_lst/{channel}.lst", Body=lines.encode())
        for number in range(8):
            s3.put_object(Bucket=BUCKET, Key=f"hosts/{channel}/{number}.png", Body=picture(number % 2 == 1))


def channel(name: str, distribution: str = "FullyReplicated") -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/hosts/{name}/", "S3DataDistributionType": distribution}
    return {"ChannelName": name, "ContentType": "application/x-image", "DataSource": {"S3DataSource": source}}


def two_hosts(jobs: Any, name: str, *channels: dict[str, Any]) -> None:
    jobs.create(
        name,
        HYPERPARAMETERS,
        AlgorithmSpecification={"TrainingImage": BUILT_IN, "TrainingInputMode": "File"},
        InputDataConfig=list(channels),
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1},
    )


def test_two_jobs_of_two_hosts_each_train_side_by_side(
    jobs: Any, s3: Any, sagemaker: Any, log_of: Any, unpacked: Any, until: Any
) -> None:
    put_images(s3)
    two_hosts(jobs, "hosts-replicated", *map(channel, CHANNELS))
    sharded = [channel(name, "ShardedByS3Key") if name == "train" else channel(name) for name in CHANNELS]
    two_hosts(jobs, "hosts-sharded", *sharded)
    for name, images in (("hosts-replicated", 8), ("hosts-sharded", 4)):
        job = until(lambda name=name: ended(sagemaker, name), f"the end of {name}")
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        assert sorted(unpacked(name)) == ["image-classification-0001.params", "model-shapes.json", "model.onnx"]
        log = "\n".join(log_of(name))
        assert f"This is algo-1, which has {images} and 8 of them." in log
        assert f"This is algo-2, which has {images} and 8 of them." in log
        assert "Epoch[0]: 4 images trained here." in log


def ended(sagemaker: Any, name: str) -> dict[str, Any] | None:
    job: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=name)
    return job if job["TrainingJobStatus"] in ("Completed", "Failed") else None
