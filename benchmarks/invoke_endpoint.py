"""Measure what InvokeEndpoint adds to the container's own time. `make bench` runs it.

The benchmark creates one real endpoint of the image-classification algorithm, with an untrained network of the default
size. The same raw HTTP client alternates between the container's own port, the emulator and, if it is another server,
LocalStack.
"""

from __future__ import annotations

import asyncio
import io
import re
import statistics
import sys
import tarfile
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import boto3
import psutil
from aims import Aims
from PIL import Image

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ROUNDS = 5
SEQUENTIAL = 200
CONCURRENT = 600
CLIENTS = 16
ADDED_MAX_MS, THROUGHPUT_MIN, START_MAX_S, MEMORY_MAX_MB = 1.5, 0.6, 3.0, 100.0
HEADERS = {
    "Content-Type": "image/png",
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sagemaker/aws4_request, "
    "SignedHeaders=host, Signature=0",  # LocalStack reads the service from it
}


def main() -> int:
    emulator = boto3.client("sagemaker-runtime").meta.endpoint_url
    cloud = boto3.client("s3").meta.endpoint_url
    aims = Aims()
    aims.at_most("idle memory of the emulator", _memory_mb(emulator), MEMORY_MAX_MB, " MB")
    with served_endpoint() as (name, start_s):
        aims.at_most("endpoint, Create → InService", start_s, START_MAX_S, " s")
        path = f"/endpoints/{name}/invocations"
        urls = {"container": f"{_container(name)}/invocations", "emulator": emulator + path}
        if cloud != emulator and asyncio.run(_answers(cloud + path)):
            urls["LocalStack"] = cloud + path
        asyncio.run(_compare(urls, aims))
    return aims.exit_code()


async def _compare(urls: dict[str, str], aims: Aims) -> None:
    latencies: dict[str, list[float]] = {where: [] for where in urls}
    throughputs: dict[str, list[float]] = {where: [] for where in urls}
    body = picture_bytes()
    async with aiohttp.ClientSession(headers=HEADERS, connector=aiohttp.TCPConnector(limit=0)) as http:
        for where, url in urls.items():
            await _latency_ms(http, url, body, 20)
            latencies[where].clear()
        for _ in range(ROUNDS):
            for where, url in urls.items():
                latencies[where].append(await _latency_ms(http, url, body, SEQUENTIAL))
            for where, url in urls.items():
                throughputs[where].append(await _throughput(http, url, body))
    own_ms = statistics.median(latencies["container"])
    own_rate = statistics.median(throughputs["container"])
    for where in urls:
        added_ms = statistics.median(latencies[where]) - own_ms
        rate = statistics.median(throughputs[where])
        say(
            f"{where:<11} 1 client {own_ms + added_ms:6.2f} ms, {added_ms:+6.2f} ms   "
            f"{CLIENTS} clients {rate:7.1f} requests/s, {rate / own_rate:5.2f} of the container's own"
        )
    added_ms = statistics.median(latencies["emulator"]) - own_ms
    aims.at_most("added by the emulator", added_ms, ADDED_MAX_MS, " ms")
    rate = statistics.median(throughputs["emulator"])
    aims.at_least("share of the throughput that the emulator keeps", rate / own_rate, THROUGHPUT_MIN)


async def _latency_ms(http: aiohttp.ClientSession, url: str, body: bytes, count: int) -> float:
    """Return the median latency of sequential requests."""
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        await _ask(http, url, body)
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


async def _throughput(http: aiohttp.ClientSession, url: str, body: bytes) -> float:
    """Return requests per second with CLIENTS concurrent clients."""
    left = iter(range(CONCURRENT))

    async def client() -> None:
        for _ in left:
            await _ask(http, url, body)

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return CONCURRENT / (time.perf_counter() - started)


async def _ask(http: aiohttp.ClientSession, url: str, body: bytes) -> None:
    async with http.post(url, data=body) as response:
        answer = await response.read()
        if response.status != 200:
            raise SystemExit(f"{url}: {response.status} {answer.decode(errors='replace')}")


async def _answers(url: str) -> bool:
    async with aiohttp.ClientSession(headers=HEADERS) as http, http.post(url, data=picture_bytes()) as response:
        return response.status == 200


@contextmanager
def served_endpoint() -> Iterator[tuple[str, float]]:
    """Create an endpoint; return its name and the seconds from Create to InService."""
    name = f"benchmark-{uuid.uuid4().hex[:8]}"
    s3, client = boto3.client("s3"), boto3.client("sagemaker")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="model.tar.gz", Body=model_archive())
    client.create_model(
        ModelName=name,
        ExecutionRoleArn="arn:aws:iam::111122223333:role/benchmark",
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": f"s3://{name}/model.tar.gz"},
    )
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    started = time.perf_counter()
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    while (endpoint := client.describe_endpoint(EndpointName=name))["EndpointStatus"] == "Creating":
        time.sleep(0.02)
    if endpoint["EndpointStatus"] != "InService":
        raise SystemExit(f"endpoint {name}: {endpoint.get('FailureReason')}")
    try:
        yield name, time.perf_counter() - started
    finally:
        client.delete_endpoint(EndpointName=name)
        client.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})
        client.delete_endpoint_config(EndpointConfigName=name)
        client.delete_model(ModelName=name)
        s3.delete_object(Bucket=name, Key="model.tar.gz")
        s3.delete_bucket(Bucket=name)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def model_archive() -> bytes:
    """Return a model.tar.gz like a training job's."""
    import torch

    from image_classification.data.preparation import Preparation
    from image_classification.model_artifacts import DESCRIPTION_FILE, ONNX_FILE, Description
    from image_classification.network.classifier import Classifier
    from image_classification.network.onnx_export import to_onnx
    from image_classification.network.resnets import network

    model = Classifier(network(None, 3, 2), torch.zeros(3), torch.ones(3), mirror_averaging=False).eval()
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=packed, mode="w:gz") as tar:
        description, graph = Path(folder) / DESCRIPTION_FILE, Path(folder) / ONNX_FILE
        Description(num_classes=2, multi_label=False, preparation=Preparation(3, 32, 32)).write(description)
        graph.write_bytes(to_onnx(model, (3, 32, 32), 2, False).SerializeToString())
        for path in (description, graph):
            tar.add(path, arcname=path.name)
    return packed.getvalue()


def picture_bytes() -> bytes:
    picture = io.BytesIO()
    Image.linear_gradient("L").resize((32, 32)).convert("RGB").save(picture, "PNG")
    return picture.getvalue()


def _container(endpoint: str) -> str:
    """Return the address of the endpoint's container: the process whose /opt/ml is a folder of the endpoint."""
    for process in psutil.process_iter():
        try:
            environment, mounts = process.environ(), Path(f"/proc/{process.pid}/mountinfo").read_text()
        except (psutil.Error, OSError):
            continue
        folder = environment.get("SAGEMAKER_BASE_DIR", "")
        if f"/{endpoint}/" in folder or re.search(rf"/{endpoint}/\S* {folder} ", mounts):
            return f"http://127.0.0.1:{environment['SAGEMAKER_BIND_TO_PORT']}"
    raise SystemExit(f"no process on this machine serves endpoint {endpoint}")


def _memory_mb(url: str) -> float:
    port = int(url.rpartition(":")[2])
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            return float(psutil.Process(connection.pid).memory_info().rss) / 1e6
    raise SystemExit(f"no process on this machine listens on port {port}")


if __name__ == "__main__":
    raise SystemExit(main())
