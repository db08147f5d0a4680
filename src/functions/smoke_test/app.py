"""Smoke test: the endpoint answers known images as its model did before it was deployed, and soon enough."""

import json
import math
import os
import time
from typing import Any

import boto3
from botocore.config import Config

# What another instance type may compute otherwise.
PROBABILITY_TOLERANCE = 0.05

s3 = boto3.client("s3")
sagemaker_runtime = boto3.client(
    "sagemaker-runtime", config=Config(read_timeout=65, retries={"mode": "standard", "total_max_attempts": 3})
)


class SmokeTestError(Exception):
    """What can go wrong in this function. The endpoint's own errors (ModelError and others) keep their names."""


class NothingToAsk(SmokeTestError):
    """No example to ask the endpoint for."""


class ImageNotFound(SmokeTestError):
    """An image of the examples is not there."""


class WrongAnswer(SmokeTestError):
    """The endpoint does not answer as its model did."""


class TooSlow(SmokeTestError):
    """The endpoint takes longer than it may."""


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """`examples` are images under `prefix`, with the probabilities that the model gave."""
    examples, limit_ms = event["examples"], float(event["latency_at_most_ms"])
    if not examples:
        raise NothingToAsk("there is no example; the evaluation should give some of each class")
    images = [read_image(event["bucket"], event["prefix"] + example["name"]) for example in examples]
    ask(images[0])  # a model's first answer takes longer: it is not measured
    latencies_ms = []
    for example, image in zip(examples, images, strict=True):
        began = time.perf_counter()
        answer = ask(image)
        latencies_ms.append((time.perf_counter() - began) * 1000)
        check_answer(example, answer)
    check_latency(max(latencies_ms), limit_ms)
    return {
        "images": len(images),
        "slowest_ms": round(max(latencies_ms), 1),
        "summary": f"{len(images)} known images answered as expected, the slowest in {max(latencies_ms):.0f} ms",
    }


def read_image(bucket: str, key: str) -> bytes:
    try:
        return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket) as error:
        raise ImageNotFound(f"s3://{bucket}/{key} is not there ({error})") from error


def ask(image: bytes) -> object:
    answer = sagemaker_runtime.invoke_endpoint(
        EndpointName=os.environ["ENDPOINT_NAME"], ContentType="application/x-image", Body=image
    )
    body = answer["Body"].read()
    try:
        return json.loads(body)
    except ValueError as error:
        raise WrongAnswer(f"the endpoint answered {body!r:.80}, which is no JSON") from error


def check_answer(example: dict[str, Any], answer: object) -> None:
    expected = example["probabilities"]
    if not isinstance(answer, list) or len(answer) != len(expected) or not all(map(close, expected, answer)):
        raise WrongAnswer(
            f"the endpoint answered {json.dumps(answer)[:80]} for {example['name']}; its model, in the batch transform "
            f"before, answered {json.dumps(expected)[:80]}"
        )


def close(expected: float, given: object) -> bool:
    return isinstance(given, int | float) and math.isclose(expected, given, abs_tol=PROBABILITY_TOLERANCE)


def check_latency(slowest_ms: float, limit_ms: float) -> None:
    if slowest_ms > limit_ms:
        raise TooSlow(f"the slowest answer took {slowest_ms:.0f} ms; at most {limit_ms:.0f} ms are allowed")
