"""Compare the Docker engine with SageMaker local mode: one training job, and an endpoint until it serves.

Both use the same image, data and S3. The benchmark starts its own emulator; the SDK's telemetry is off.
`make bench` runs it if there is a Docker engine and the image (`make images`).
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
import docker
from aims import Aims
from training_job import CHANNELS, HYPERPARAMETERS, files

IMAGE = "scones/image-classification:latest"
ROLE = "arn:aws:iam::111122223333:role/benchmark"
ROUNDS = 3
FASTER_MIN = 3.0
LABEL = "scones.benchmark"
SDKS_NETWORK = "sagemaker-local"
TELEMETRY_OFF = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}


def main() -> int:
    if reason := _missing():
        sys.stdout.write(f"skipped: {reason}\n")
        return 0
    s3, bucket = boto3.client("s3"), f"benchmark-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    for key, body in files().items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    with (
        _removed(bucket),
        tempfile.TemporaryDirectory() as folder,
        _emulator(Path(folder) / "state", s3.meta.endpoint_url) as sagemaker,
    ):
        ways: dict[str, Callable[[str], tuple[float, float]]] = {
            "docker engine": lambda name: _by_emulator(sagemaker, bucket, name),
            "local mode": lambda name: _by_local_mode(Path(folder) / name, s3.meta.endpoint_url, bucket, name),
        }
        taken = {way: [measure(f"{bucket}-{number}") for number in range(ROUNDS)] for way, measure in ways.items()}
    medians = {way: [statistics.median(column) for column in zip(*rows, strict=True)] for way, rows in taken.items()}
    for way, (job_s, endpoint_s) in medians.items():
        sys.stdout.write(f"{way:<13} training job {job_s:6.2f} s   endpoint, Create → InService {endpoint_s:6.2f} s\n")
    times = [theirs / ours for ours, theirs in zip(*medians.values(), strict=True)]
    aims = Aims()
    aims.at_least("training, times as fast as local mode", times[0], FASTER_MIN)
    aims.at_least("Create → InService, times as fast as local mode", times[1], FASTER_MIN)
    return aims.exit_code()


def _missing() -> str | None:
    try:
        docker.from_env().images.get(IMAGE)
    except docker.errors.ImageNotFound:
        return f"there is no image {IMAGE}; `make images` builds it"
    except docker.errors.DockerException as error:
        return f"no Docker engine answers: {error}"
    return None


@contextmanager
def _removed(label: str) -> Iterator[None]:
    """Remove what the SDK leaves behind: its containers, and its network unless it existed before."""
    client = docker.from_env()
    had_network = bool(_networks(client))
    try:
        yield
    finally:
        for container in client.containers.list(all=True, filters={"label": f"{LABEL}={label}"}):
            container.remove(v=True, force=True)
        for network in [] if had_network else _networks(client):
            network.remove()
        client.close()


def _networks(client: Any) -> list[Any]:
    """Return the SDK's networks. Docker's filter also matches names that only contain the name."""
    return [network for network in client.networks.list(names=[SDKS_NETWORK]) if network.name == SDKS_NETWORK]


@contextmanager
def _emulator(state_dir: Path, s3_url: str) -> Iterator[Any]:
    """Start an emulator with the Docker engine and return a client of it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": s3_url,
        "SAGEMAKER_EMULATOR_ENGINE": "docker",
        "SAGEMAKER_EMULATOR_PORT": str(port),
        "SAGEMAKER_EMULATOR_STATE_DIR": str(state_dir),
    }
    process = subprocess.Popen([sys.executable, "-m", "sagemaker_emulator"], env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait_until(lambda: _answers(f"http://127.0.0.1:{port}/health"), "the emulator")
        yield boto3.client("sagemaker", endpoint_url=f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()


def _by_emulator(sagemaker: Any, bucket: str, name: str) -> tuple[float, float]:
    """Return the seconds of a job and of an endpoint's creation."""
    source = {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated"}
    channels = [
        {"ChannelName": one, "DataSource": {"S3DataSource": {**source, "S3Uri": f"s3://{bucket}/{one}/"}}}
        for one in CHANNELS
    ]
    started = time.perf_counter()
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        HyperParameters=HYPERPARAMETERS,
        InputDataConfig=[{**channel, "ContentType": "application/x-image"} for channel in channels],
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 300},
    )
    job = _described(lambda: sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus", "Completed")
    job_s = time.perf_counter() - started
    container = {"Image": IMAGE, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    started = time.perf_counter()
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    _described(lambda: sagemaker.describe_endpoint(EndpointName=name), "EndpointStatus", "InService")
    endpoint_s = time.perf_counter() - started
    sagemaker.delete_endpoint(EndpointName=name)
    return job_s, endpoint_s


def _by_local_mode(folder: Path, s3_url: str, bucket: str, name: str) -> tuple[float, float]:
    """Return the same for local mode, as a user's own program runs it. `deploy` returns when the container answers."""
    os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"
    from sagemaker.estimator import Estimator
    from sagemaker.inputs import TrainingInput
    from sagemaker.local import LocalSession

    folder.mkdir()
    session = LocalSession(
        boto3.Session(), s3_endpoint_url=s3_url, default_bucket=bucket, sagemaker_config=TELEMETRY_OFF
    )
    session.config = {"local": {"container_root": str(folder), "container_config": {"labels": {LABEL: bucket}}}}
    estimator = Estimator(
        image_uri=IMAGE,
        role=ROLE,
        instance_count=1,
        instance_type="local",
        output_path=f"s3://{bucket}/local",
        hyperparameters=HYPERPARAMETERS,
        sagemaker_session=session,
    )
    inputs = {one: TrainingInput(f"s3://{bucket}/{one}/", content_type="application/x-image") for one in CHANNELS}
    with _silent():
        started = time.perf_counter()
        estimator.fit(inputs, job_name=name)
        job_s = time.perf_counter() - started
        started = time.perf_counter()
        predictor = estimator.deploy(1, "local", endpoint_name=name)
        endpoint_s = time.perf_counter() - started
        predictor.delete_endpoint()
    return job_s, endpoint_s


@contextmanager
def _silent() -> Iterator[None]:
    """Discard the output of the SDK and of Compose."""
    with Path(os.devnull).open("w") as nowhere:
        kept = [(number, os.dup(number)) for number in (1, 2)]
        sys.stdout.flush()
        for number, _ in kept:
            os.dup2(nowhere.fileno(), number)
        try:
            yield
        finally:
            sys.stdout.flush()
            for number, copy in kept:
                os.dup2(copy, number)
                os.close(copy)


def _described(describe: Callable[[], dict[str, Any]], member: str, wanted: str) -> dict[str, Any]:
    while (described := describe())[member] in ("InProgress", "Creating"):
        time.sleep(0.02)
    if described[member] != wanted:
        raise SystemExit(f"{described[member]}: {described.get('FailureReason')}")
    return described


def _answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own http
        return bool(answer.status == 200)
    return False


def _wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited 30 s for {what}")
        time.sleep(0.05)


if __name__ == "__main__":
    raise SystemExit(main())
