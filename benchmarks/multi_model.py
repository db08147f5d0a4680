"""Measure a multi-model endpoint beside one of a single model. `make bench` runs it.

Both serve the image-classification algorithm with untrained networks of the default size. The same raw HTTP client
alternates between the endpoint of one model and a loaded model of the other.
"""

from __future__ import annotations

import asyncio
import statistics
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import boto3
from aims import Aims
from invoke_endpoint import HEADERS, IMAGE, model_archive, picture_bytes, say, served_endpoint

MODELS = 5
ROUNDS, SEQUENTIAL = 5, 200
SHARE_MAX = 1.10  # of the latency of an endpoint with one model
TARGET = "X-Amzn-SageMaker-Target-Model"


def main() -> int:
    emulator, aims = boto3.client("sagemaker-runtime").meta.endpoint_url, Aims()
    with served_endpoint() as (single, _), multi_model_endpoint() as many:
        asyncio.run(_compare(emulator, single, many, aims))
    return aims.exit_code()


async def _compare(emulator: str, single: str, many: str, aims: Aims) -> None:
    urls = {name: f"{emulator}/endpoints/{name}/invocations" for name in (single, many)}
    taken_ms: dict[str, list[float]] = {single: [], many: []}
    async with aiohttp.ClientSession(headers=HEADERS, connector=aiohttp.TCPConnector(limit=0)) as http:
        loads = [await _ask(http, urls[many], target_of(number)) for number in range(MODELS)]
        say(f"first request for each of {MODELS} models: {', '.join(f'{load:.0f}' for load in loads)} ms")
        for name in (single, many):
            await _latency_ms(http, urls[name], None if name == single else target_of(0))
        for _ in range(ROUNDS):
            for name, taken in taken_ms.items():
                taken.append(await _latency_ms(http, urls[name], None if name == single else target_of(0)))
    alone_ms, shared_ms = (statistics.median(taken) for taken in taken_ms.values())
    say(f"1 client    one model {alone_ms:6.2f} ms, one of {MODELS} models {shared_ms:6.2f} ms")
    aims.at_most("latency of a loaded model, as a share of a single endpoint's", shared_ms / alone_ms, SHARE_MAX)


async def _latency_ms(http: aiohttp.ClientSession, url: str, target: str | None) -> float:
    """Return the median latency of sequential requests."""
    return statistics.median([await _ask(http, url, target) for _ in range(SEQUENTIAL)])


async def _ask(http: aiohttp.ClientSession, url: str, target: str | None) -> float:
    started = time.perf_counter()
    async with http.post(url, data=picture_bytes(), headers={TARGET: target} if target else {}) as response:
        answer = await response.read()
        if response.status != 200:
            raise SystemExit(f"{url}: {response.status} {answer.decode(errors='replace')}")
    return (time.perf_counter() - started) * 1000


def target_of(number: int) -> str:
    return f"model-{number}.tar.gz"


@contextmanager
def multi_model_endpoint() -> Iterator[str]:
    """Create an endpoint whose models are copies of one archive; return its name."""
    name = f"benchmark-{uuid.uuid4().hex[:8]}"
    s3, client = boto3.client("s3"), boto3.client("sagemaker")
    s3.create_bucket(Bucket=name)
    archive = model_archive()
    for number in range(MODELS):
        s3.put_object(Bucket=name, Key=target_of(number), Body=archive)
    client.create_model(
        ModelName=name,
        ExecutionRoleArn="arn:aws:iam::111122223333:role/benchmark",
        PrimaryContainer={"Image": IMAGE, "Mode": "MultiModel", "ModelDataUrl": f"s3://{name}/"},
    )
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    client.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    try:
        yield name
    finally:
        client.delete_endpoint(EndpointName=name)
        client.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})
        client.delete_endpoint_config(EndpointConfigName=name)
        client.delete_model(ModelName=name)
        for number in range(MODELS):
            s3.delete_object(Bucket=name, Key=target_of(number))
        s3.delete_bucket(Bucket=name)


if __name__ == "__main__":
    raise SystemExit(main())
