"""Smoke test: check that the endpoint answers known images as its model did before, and fast enough."""

import json
import math
import os
import time
from typing import Any

import boto3
from botocore.config import Config

# Another instance type may compute slightly different probabilities.
PROBABILITY_TOLERANCE = 0.05

s3 = boto3.client("s3")
sagemaker_runtime = boto3.client(
    "sagemaker-runtime", config=Config(read_timeout=65, retries={"mode": "standard", "total_max_attempts": 3})
)


class SmokeTestError(Exception):
    """The base of this function's errors. The endpoint's own errors (ModelError and others) keep their names."""


class NothingToAsk(SmokeTestError):
    """There is no example to send to the endpoint."""


class ImageNotFound(SmokeTestError):
    """The image of an example does not exist."""


class WrongAnswer(SmokeTestError):
    """The endpoint's answer differs from its model's earlier answer."""


class TooSlow(SmokeTestError):
    """The endpoint takes longer than the limit."""


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Check all `examples`: images under `prefix`, with the probabilities from the batch transform."""
    examples, limit_ms = event["examples"], float(event["latency_at_most_ms"])
    if not examples:
        raise NothingToAsk("there is no example; the evaluation should give some of each class")
    images = [read_image(event["bucket"], event["prefix"] + example["name"]) for example in examples]
    ask(images[0])  # not measured: a model's first answer takes longer
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
        raise ImageNotFound(f"s3://{bucket}/{key} does not exist ({error})") from error


def ask(image: bytes) -> object:
    answer = sagemaker_runtime.invoke_endpoint(
        EndpointName=os.environ["ENDPOINT_NAME"], ContentType="application/x-image", Body=image
    )
    body = answer["Body"].read()
    try:
        return json.loads(body)
    except ValueError as error:
        raise WrongAnswer(f"the endpoint answered {body!r:.80}, which is not JSON") from error


def check_answer(example: dict[str, Any], answer: object) -> None:
    expected = example["probabilities"]
    if not isinstance(answer, list) or len(answer) != len(expected) or not all(map(is_close, expected, answer)):
        raise WrongAnswer(
            f"the endpoint answered {json.dumps(answer)[:80]} for {example['name']}; in the batch transform "
            f"its model answered {json.dumps(expected)[:80]}"
        )


def is_close(expected: float, actual: object) -> bool:
    return isinstance(actual, int | float) and math.isclose(expected, actual, abs_tol=PROBABILITY_TOLERANCE)


def check_latency(slowest_ms: float, limit_ms: float) -> None:
    if slowest_ms > limit_ms:
        raise TooSlow(f"the slowest answer took {slowest_ms:.0f} ms; at most {limit_ms:.0f} ms are allowed")
