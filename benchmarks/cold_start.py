"""Measure the first request of serverless endpoints that have no instances. `make bench` runs it.

For the image-classification algorithm, and for scikit-learn and XGBoost models as their images train them, it measures
how long the caller waits and how much processor time the emulator and all of its processes use meanwhile. An
instance goes after SAGEMAKER_EMULATOR_SERVERLESS_IDLE_S; start the local cloud with 1 to measure more quickly. Rounds
and endpoints may be named: `cold_start.py 10 xgboost`.
"""

from __future__ import annotations

import io
import statistics
import sys
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import psutil
from aims import Aims
from botocore.config import Config
from invoke_endpoint import IMAGE, model_archive, picture_bytes, say

ACCOUNTS = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
SCIKIT_LEARN, XGBOOST = f"{ACCOUNTS}/sagemaker-scikit-learn:1.4-2-cpu-py3", f"{ACCOUNTS}/sagemaker-xgboost:3.0-5"
ROLE = "arn:aws:iam::111122223333:role/benchmark"
ROUNDS = 5
WALL_MAX_S = 1.0
# Only the image-classification algorithm has an aim for its processor time, which the kit's own imports decide. Most of
# a cold start of scikit-learn and XGBoost is the import of the library, which only the caller's wait can judge.
CPU_MAX_S = {"image-classification": 0.6}
ROWS_TO_CLASSIFY = b"0.5,0.5\n0.1,0.2"
ROWS = "".join(f"{row % 2},{row % 2 + row / 1000},{row / 500}\n" for row in range(200))
SCRIPT = """
import os, joblib, numpy as np
from sklearn.ensemble import RandomForestClassifier

def model_fn(folder):
    return joblib.load(os.path.join(folder, "model.joblib"))

if __name__ == "__main__":
    rows = np.loadtxt(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "rows.csv"), delimiter=",")
    model = RandomForestClassifier(20, random_state=0).fit(rows[:, 1:], rows[:, 0])
    joblib.dump(model, os.path.join(os.environ["SM_MODEL_DIR"], "model.joblib"))
"""


@dataclass(frozen=True)
class Served:
    """A model, and a request for it."""

    image: str
    model: str
    environment: dict[str, str]
    body: bytes
    content_type: str


def main() -> int:
    arguments, aims = sys.argv[1:], Aims()
    rounds = int(arguments[0]) if arguments else ROUNDS
    with ExitStack() as stack:
        bucket = stack.enter_context(_bucket())
        for name, served in MODELS.items():
            if name in (arguments[1:] or MODELS):
                with serverless_endpoint(bucket, served(bucket)) as (endpoint, model):
                    _measure(name, endpoint, model, rounds, aims)
    return aims.exit_code()


def _measure(name: str, endpoint: str, model: Served, rounds: int, aims: Aims) -> None:
    runtime = boto3.client("sagemaker-runtime", config=Config(retries={"max_attempts": 0}))
    emulator = _listener(runtime.meta.endpoint_url)
    walls, processor = [], []
    for _ in range(rounds):
        _wait_for_zero(emulator)
        before_s, started = _processor_s(emulator), time.perf_counter()
        runtime.invoke_endpoint(EndpointName=endpoint, Body=model.body, ContentType=model.content_type)["Body"].read()
        walls.append(time.perf_counter() - started)
        processor.append(_processor_s(emulator) - before_s)
    say(f"{name}: wall {_listed(walls)} s, processor {_listed(processor)} s")
    aims.at_most(f"first request of {name}", statistics.median(walls), WALL_MAX_S, " s")
    if name in CPU_MAX_S:
        aims.at_most(f"processor time of {name}", statistics.median(processor), CPU_MAX_S[name], " s")


def _listed(figures: list[float]) -> str:
    return " ".join(f"{figure:.2f}" for figure in figures)


def image_classification(bucket: str) -> Served:
    boto3.client("s3").put_object(Bucket=bucket, Key="images/model.tar.gz", Body=model_archive())
    return Served(IMAGE, f"s3://{bucket}/images/model.tar.gz", {}, picture_bytes(), "image/png")


def scikit_learn(bucket: str) -> Served:
    s3, source = boto3.client("s3"), f"s3://{bucket}/sourcedir.tar.gz"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        info = tarfile.TarInfo("train.py")
        info.size = len(SCRIPT)
        tar.addfile(info, io.BytesIO(SCRIPT.encode()))
    s3.put_object(Bucket=bucket, Key="sourcedir.tar.gz", Body=packed.getvalue())
    code = {"sagemaker_program": "train.py", "sagemaker_submit_directory": source}
    model = _trained(bucket, SCIKIT_LEARN, code)
    environment = {"SAGEMAKER_PROGRAM": "train.py", "SAGEMAKER_SUBMIT_DIRECTORY": source}
    return Served(SCIKIT_LEARN, model, environment, ROWS_TO_CLASSIFY, "text/csv")


def xgboost(bucket: str) -> Served:
    model = _trained(bucket, XGBOOST, {"num_round": "10", "objective": "binary:logistic"})
    return Served(XGBOOST, model, {}, ROWS_TO_CLASSIFY, "text/csv")


MODELS: dict[str, Callable[[str], Served]] = {
    "image-classification": image_classification,
    "scikit-learn": scikit_learn,
    "xgboost": xgboost,
}


def _trained(bucket: str, image: str, hyperparameters: dict[str, str]) -> str:
    """Train on ROWS; return the URI of the model."""
    boto3.client("s3").put_object(Bucket=bucket, Key="train/rows.csv", Body=ROWS.encode())
    client, name = boto3.client("sagemaker"), f"benchmark-{uuid.uuid4().hex[:8]}"
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/train/"}
    client.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        HyperParameters=hyperparameters,
        InputDataConfig=[{"ChannelName": "train", "ContentType": "csv", "DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )
    client.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name, WaiterConfig={"Delay": 1})
    return str(client.describe_training_job(TrainingJobName=name)["ModelArtifacts"]["S3ModelArtifacts"])


@contextmanager
def _bucket() -> Iterator[str]:
    name = f"benchmark-{uuid.uuid4().hex[:8]}"
    bucket = boto3.resource("s3").create_bucket(Bucket=name)
    try:
        yield name
    finally:
        bucket.objects.delete()
        bucket.delete()


@contextmanager
def serverless_endpoint(bucket: str, model: Served) -> Iterator[tuple[str, Served]]:
    """Create a serverless endpoint; return its name."""
    name, client = f"benchmark-{uuid.uuid4().hex[:8]}", boto3.client("sagemaker")
    container = {"Image": model.image, "ModelDataUrl": model.model, "Environment": model.environment}
    client.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    limits = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}
    variant: Any = {"VariantName": "AllTraffic", "ModelName": name, "ServerlessConfig": limits}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    client.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    try:
        yield name, model
    finally:
        client.delete_endpoint(EndpointName=name)
        client.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})
        client.delete_endpoint_config(EndpointConfigName=name)
        client.delete_model(ModelName=name)


def _listener(url: str) -> psutil.Process:
    """Return the process that listens on the port of `url`."""
    port = int(url.rpartition(":")[2])
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            return psutil.Process(connection.pid)
    raise SystemExit(f"no process on this machine listens on port {port}")


def _wait_for_zero(emulator: psutil.Process) -> None:
    """Wait until no container serves: their processes have a variable with the folder that is their /opt/ml."""
    while any("SAGEMAKER_BASE_DIR" in _environment(process) for process in emulator.children(recursive=True)):
        time.sleep(0.2)


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return dict(process.environ())
    except psutil.Error:
        return {}


def _processor_s(emulator: psutil.Process) -> float:
    """Return the processor time of the emulator and its descendants, also of those that have ended."""
    total_s = 0.0
    for process in (emulator, *emulator.children(recursive=True)):
        try:
            total_s += sum(process.cpu_times()[:4])
        except psutil.Error:
            continue
    return total_s


if __name__ == "__main__":
    raise SystemExit(main())
