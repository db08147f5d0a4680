"""Measure what a training job adds to its program's own time. `make bench` runs it.

The benchmark alternates between the program, started by hand as a container would start it, and a training job on the
same small data.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import boto3
from aims import Aims
from PIL import Image

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
HYPERPARAMETERS = {"image_shape": "3,32,32", "num_classes": "2", "num_training_samples": "32", "epochs": "1"}
CHANNELS = ("train", "validation", "train_lst", "validation_lst")
ROUNDS = 5
OVERHEAD_MAX_S = 1.5


def main() -> int:
    bucket, s3 = f"benchmark-{uuid.uuid4().hex[:8]}", boto3.client("s3")
    s3.create_bucket(Bucket=bucket)
    inputs = files()
    for key, body in inputs.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    own, job = [], []
    for number in range(ROUNDS):
        own.append(_program_s(inputs))
        job.append(_job_s(bucket, f"{bucket}-{number}"))
    overhead_s = statistics.median(job) - statistics.median(own)
    sys.stdout.write(
        f"the program itself {statistics.median(own):6.2f} s   as a training job {statistics.median(job):6.2f} s\n"
    )
    aims = Aims()
    aims.at_most("overhead of a training job", overhead_s, OVERHEAD_MAX_S, " s")
    return aims.exit_code()


def files() -> dict[str, bytes]:
    """Return keys and bodies: 32 pictures, each in both channels, and their manifests."""
    names = [f"{number}.png" for number in range(32)]
    manifest = "".join(f"{number}\t{number % 2}\t{name}\n" for number, name in enumerate(names)).encode()
    pictures = {name: _picture(number) for number, name in enumerate(names)}
    images = {f"{channel}/{name}": body for channel in CHANNELS[:2] for name, body in pictures.items()}
    return {**images, **{f"{channel}/{channel}.lst": manifest for channel in CHANNELS[2:]}}


def _picture(number: int) -> bytes:
    packed = io.BytesIO()
    Image.effect_noise((32, 32), 40 + 60 * (number % 2)).convert("RGB").save(packed, "PNG")
    return packed.getvalue()


def _program_s(files: dict[str, bytes]) -> float:
    """Run the program by hand over a folder like /opt/ml and return its seconds."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        for key, body in files.items():
            target = base / "input/data" / key
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(body)
        _configure(base)
        environment = {**os.environ, "SAGEMAKER_BASE_DIR": folder}
        started = time.perf_counter()
        command = [sys.executable, "-m", "image_classification", "train"]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started


def _configure(base: Path) -> None:
    channel = {"ContentType": "application/x-image", "TrainingInputMode": "File", "RecordWrapperType": "None"}
    documents: dict[str, Any] = {
        "hyperparameters": HYPERPARAMETERS,
        "inputdataconfig": {name: {**channel, "S3DistributionType": "FullyReplicated"} for name in CHANNELS},
        "resourceconfig": {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "lo"},
    }
    (base / "input/config").mkdir(parents=True)
    for folder in ("model", "output"):
        (base / folder).mkdir()
    for name, document in documents.items():
        (base / f"input/config/{name}.json").write_text(json.dumps(document))


def _job_s(bucket: str, name: str) -> float:
    """Run a training job and return the seconds from CreateTrainingJob to Completed."""
    sagemaker = boto3.client("sagemaker")
    started = time.perf_counter()
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn="arn:aws:iam::111122223333:role/benchmark",
        HyperParameters=HYPERPARAMETERS,
        InputDataConfig=[_channel(bucket, channel) for channel in CHANNELS],
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    while (job := sagemaker.describe_training_job(TrainingJobName=name))["TrainingJobStatus"] == "InProgress":
        time.sleep(0.02)
    if job["TrainingJobStatus"] != "Completed":
        raise SystemExit(f"training job {name}: {job.get('FailureReason')}")
    return time.perf_counter() - started


def _channel(bucket: str, name: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{name}/"}
    return {"ChannelName": name, "ContentType": "application/x-image", "DataSource": {"S3DataSource": source}}


if __name__ == "__main__":
    raise SystemExit(main())
