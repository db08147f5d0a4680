"""Measure the emulator's memory while it downloads a training input: `--objects 20000 --megabytes 2000`.

The emulator runs in a separate process over a temporary state directory. S3 is AWS_ENDPOINT_URL or, if that is not set,
a moto server in another process.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import boto3
import psutil
from botocore.config import Config

BUCKET = "training-input-benchmark"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/counts:1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
COUNT = "import os, pathlib; base = pathlib.Path(os.environ['SAGEMAKER_BASE_DIR']); print(len([*base.rglob('*.bin')]))"
LIMIT_MB = 100


@dataclass
class PeakMemory:
    """The largest resident size of a process, sampled every 20 ms."""

    process: psutil.Process
    peak_bytes: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.over.wait(0.02):
            self.peak_bytes = max(self.peak_bytes, self.process.memory_info().rss)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def program(arguments: list[str], port: int) -> Iterator[int]:
    """Start a child process, wait until it listens on a port, and return its process id."""
    child = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if time.monotonic() > deadline or child.poll() is not None:
                raise SystemExit(f"nothing listens on port {port}: {arguments[:2]}")
            time.sleep(0.05)
        yield child.pid
    finally:
        child.terminate()
        child.wait(30)


@contextlib.contextmanager
def s3_endpoint() -> Iterator[str]:
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        yield endpoint
        return
    port = free_port()
    with program(["-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], port):
        yield f"http://127.0.0.1:{port}"


def put_objects(s3: Any, objects: int, megabytes: int) -> None:
    s3.create_bucket(Bucket=BUCKET)
    body = os.urandom(megabytes * 1_000_000 // objects)
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(
            lambda number: s3.put_object(Bucket=BUCKET, Key=f"input/{number:06d}.bin", Body=body), range(objects)
        ):
            pass


def train(client: Any) -> dict[str, float]:
    """Run a training job; return the seconds from Create to the status Training, and to the end."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/input/"}
    began = time.monotonic()
    client.create_training_job(
        TrainingJobName="counts",
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn="arn:aws:iam::111122223333:role/benchmark",
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )
    seconds: dict[str, float] = {}
    while True:
        job = client.describe_training_job(TrainingJobName="counts")
        if job["SecondaryStatus"] not in ("Starting", "Downloading"):
            seconds.setdefault("training", time.monotonic() - began)
        if job["TrainingJobStatus"] == "Completed":
            return {**seconds, "completed": time.monotonic() - began}
        if job["TrainingJobStatus"] != "InProgress":
            raise SystemExit(f"the job is {job['TrainingJobStatus']}: {job.get('FailureReason')}")
        time.sleep(0.05)


def measure(objects: int, megabytes: int) -> bool:
    """Print the figures; return whether the memory stayed within the limit."""
    for name, value in CREDENTIALS.items():
        os.environ.setdefault(name, value)
    with s3_endpoint() as endpoint, tempfile.TemporaryDirectory() as state:
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        path_style = Config(s3={"addressing_style": "path"})
        put_objects(boto3.client("s3", endpoint_url=endpoint, config=path_style), objects, megabytes)
        port = free_port()
        os.environ |= {
            "SAGEMAKER_EMULATOR_PORT": str(port),
            "SAGEMAKER_EMULATOR_STATE_DIR": state,
            "SAGEMAKER_EMULATOR_OWN_IMAGES": json.dumps({IMAGE: [sys.executable, "-c", COUNT]}),
        }
        with program(["-m", "sagemaker_emulator"], port) as process_id:
            client = boto3.client("sagemaker", endpoint_url=f"http://127.0.0.1:{port}")
            client.list_training_jobs()
            memory = PeakMemory(psutil.Process(process_id))
            before = memory.process.memory_info().rss
            watcher = threading.Thread(target=memory.watch)
            watcher.start()
            seconds = train(client)
            memory.over.set()
            watcher.join()
    grown_mb: float = (memory.peak_bytes - before) / 1e6
    sys.stdout.write(
        f"{objects} objects, {megabytes} MB: Training after {seconds['training']:.1f} s, Completed after "
        f"{seconds['completed']:.1f} s; memory {before / 1e6:.0f} MB, which grew by {grown_mb:.0f} MB\n"
    )
    return grown_mb <= LIMIT_MB


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=2000)
    parser.add_argument("--megabytes", type=int, default=200)
    arguments = parser.parse_args()
    if measure(arguments.objects, arguments.megabytes):
        return 0
    sys.stderr.write(f"memory grew by more than {LIMIT_MB} MB\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
