"""Measure what a job in a framework image adds to its script, and the silences of a first installation.

`make bench` runs it. The installation goes into an empty folder, so it needs a package index.
"""

from __future__ import annotations

import io
import itertools
import json
import statistics
import sys
import tarfile
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import boto3
from aims import Aims

from sagemaker_emulator.frameworks.environments import Environments
from sagemaker_emulator.frameworks.image_names import framework_image

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
SCRIPT_S = 10.0
SCRIPT = f"import time; time.sleep({SCRIPT_S})"
ROUNDS = 3
OVERHEAD_MAX_S = 2.0
SILENCE_MAX_S = 1.0


def main() -> int:
    bucket, s3 = f"benchmark-{uuid.uuid4().hex[:8]}", boto3.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="sourcedir.tar.gz", Body=source())
    install_s, silence_s = installation()
    sys.stdout.write(f"first installation of scikit-learn {install_s:.1f} s, longest silence {silence_s:.2f} s\n")
    _job_s(bucket, f"{bucket}-first")  # installs the packages for the jobs that are measured
    jobs_s = [_job_s(bucket, f"{bucket}-{number}") for number in range(ROUNDS)]
    aims = Aims()
    aims.at_most("longest silence of a first installation", silence_s, SILENCE_MAX_S, " s")
    aims.at_most(
        f"overhead of a job over its script ({SCRIPT_S:g} s)",
        statistics.median(jobs_s) - SCRIPT_S,
        OVERHEAD_MAX_S,
        " s",
    )
    return aims.exit_code()


def source() -> bytes:
    """Return the archive that the SageMaker SDK makes of a script."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        info = tarfile.TarInfo("train.py")
        info.size = len(SCRIPT)
        tar.addfile(info, io.BytesIO(SCRIPT.encode()))
    return packed.getvalue()


def installation() -> tuple[float, float]:
    """Install scikit-learn into an empty folder; return the seconds and the longest time between two lines."""
    image = framework_image(IMAGE)
    assert image is not None
    times = [time.monotonic()]
    with tempfile.TemporaryDirectory() as folder:
        Environments(Path(folder)).prepare(image, lambda _: times.append(time.monotonic()))
        times.append(time.monotonic())
    return times[-1] - times[0], max(after - before for before, after in itertools.pairwise(times))


def _job_s(bucket: str, name: str) -> float:
    """Run a training job as the SageMaker SDK creates it for SKLearn; return its seconds."""
    hyperparameters = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": f"s3://{bucket}/sourcedir.tar.gz",
        "sagemaker_container_log_level": 20,
        "sagemaker_job_name": name,
        "sagemaker_region": "us-east-1",
    }
    sagemaker = boto3.client("sagemaker")
    started = time.perf_counter()
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn="arn:aws:iam::000000000000:role/any",
        HyperParameters={key: json.dumps(value) for key, value in hyperparameters.items()},
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )
    while (job := _described(sagemaker, name))["TrainingJobStatus"] == "InProgress":
        time.sleep(0.05)
    if job["TrainingJobStatus"] != "Completed":
        raise RuntimeError(job["FailureReason"])
    return time.perf_counter() - started


def _described(sagemaker: Any, name: str) -> dict[str, Any]:
    described: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=name)
    return described


if __name__ == "__main__":
    raise SystemExit(main())
