"""Compare a shadow variant with the production variant, with the data that CloudWatch and data capture have of both.

    python examples/shadow/compare.py ENDPOINT PRODUCTION_VARIANT SHADOW_VARIANT > report.md

Answers are compared for the same request: by its inference ID, or by its payload if it has none. JSON lists of
probabilities agree if they have the same largest element; other answers agree if they are equal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

PERIOD = timedelta(days=7)
EXAMPLES = 10


@dataclass(frozen=True)
class Traffic:
    """What CloudWatch counted of a variant. `latency_ms` is the mean of ModelLatency."""

    invocations: float
    server_errors: float
    latency_ms: float


def answers(uri: str, endpoint: str, variant: str) -> dict[str, str]:
    """Return the captured answers of a variant by request."""
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    s3 = boto3.client("s3")
    by_request: dict[str, str] = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/{endpoint}/{variant}/"):
        for item in page.get("Contents", ()):
            lines = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().splitlines()
            by_request.update(_answer(json.loads(line)) for line in lines)
    return by_request


def _answer(record: dict[str, Any]) -> tuple[str, str]:
    data = record["captureData"]
    request = record["eventMetadata"].get("inferenceId") or data["endpointInput"]["data"]
    return request, data["endpointOutput"]["data"]


def agree(one: str, other: str) -> bool:
    try:
        first, second = json.loads(one), json.loads(other)
        return bool(first.index(max(first)) == second.index(max(second)))
    except (ValueError, AttributeError, TypeError):
        return one == other


def traffic(endpoint: str, variant: str) -> Traffic:
    now = datetime.now(UTC)

    def statistic(metric: str, name: str) -> float:
        points = boto3.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}],
            StartTime=now - PERIOD,
            EndTime=now + timedelta(minutes=1),
            Period=int(timedelta(days=30).total_seconds()),
            Statistics=[name],
        )["Datapoints"]
        return float(sum(point[name] for point in points) / (max(1, len(points)) if name == "Average" else 1))

    latency_ms = statistic("ModelLatency", "Average") / 1000
    return Traffic(statistic("Invocations", "Sum"), statistic("Invocation5XXErrors", "Sum"), latency_ms)


def report(endpoint: str, production: str, shadow: str) -> Iterator[str]:
    """Yield the lines of the report, in Markdown."""
    capture = boto3.client("sagemaker").describe_endpoint(EndpointName=endpoint)["DataCaptureConfig"]
    ours, theirs = (answers(capture["DestinationS3Uri"], endpoint, one) for one in (production, shadow))
    both = sorted(ours.keys() & theirs.keys())
    different = [request for request in both if not agree(ours[request], theirs[request])]
    yield f"# {shadow} beside {production} at {endpoint}\n"
    yield "| variant | invocations | server errors | mean latency | captured answers |"
    yield "|---|---|---|---|---|"
    for variant, captured in ((production, ours), (shadow, theirs)):
        seen = traffic(endpoint, variant)
        counted = f"{seen.invocations:g} | {seen.server_errors:g} | {seen.latency_ms:.1f} ms"
        yield f"| {variant} | {counted} | {len(captured)} |"
    yield f"\n{len(both)} requests were answered by both, {len(both) - len(different)} of them alike.\n"
    for request in different[:EXAMPLES]:
        yield f"- `{request[:40]}`: {ours[request][:80]}, {theirs[request][:80]}"


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    print("\n".join(report(*sys.argv[1:])))
