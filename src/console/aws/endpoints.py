"""Endpoints: their variants and instances, and their traffic, as CloudWatch counted it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from console.aws.client import NAMED_S, SHORT_S, Answer, Aws
from console.errors import ConsoleError, NotThere

PAGE = 50
KEPT_METRICS_S = 5.0
NAMESPACE = "AWS/SageMaker"
RANGES = {
    "30min": (timedelta(minutes=30), 60),
    "1h": (timedelta(hours=1), 60),
    "3h": (timedelta(hours=3), 60),
    "24h": (timedelta(days=1), 300),
    "7d": (timedelta(days=7), 3600),
}
"""How far each range goes back, and the period of its points in seconds."""
METRICS = {
    "invocations": ("Invocations", "Sum"),
    "errors_4xx": ("Invocation4XXErrors", "Sum"),
    "errors_5xx": ("Invocation5XXErrors", "Sum"),
    "latency_mean": ("ModelLatency", "Average"),
    "latency_max": ("ModelLatency", "Maximum"),
    "latency_samples": ("ModelLatency", "SampleCount"),
}
ROLLBACKS = {
    "RollingBack": "The update is being rolled back to {config}.",
    "InService": "The last update was rolled back, and {config} serves again.",
    "UpdateRollbackFailed": "The last update failed, and so did its rollback to {config}.",
}
PERCENTILES = ("p50", "p95", "p99")
CHARTED_PERCENTILE = "p95"
LATENCIES = ("latency_mean", "latency_max", "latency_p95", *PERCENTILES)
"""Keys of what CloudWatch has in microseconds."""
Points = tuple[tuple[float, float], ...]
"""Times in seconds since 1970, and values; latencies in seconds."""


@dataclass(frozen=True)
class EndpointSummary:
    name: str
    status: str
    created: datetime
    changed: datetime


@dataclass(frozen=True)
class Variant:
    """A production variant: what serves, on what, and its share of the traffic."""

    name: str
    model: str
    job: str
    """The training job whose model it serves, by the folder of the model's archive; empty if unknown."""
    instance_type: str
    instances: int
    wanted_instances: int
    weight: float
    image: str


@dataclass(frozen=True)
class PendingVariant:
    """A variant that an update brings. Its weight is not 0 once requests are sent to it."""

    name: str
    stage: str
    message: str
    began: datetime | None
    instances: int
    wanted_instances: int
    weight: float
    wanted_weight: float


@dataclass(frozen=True)
class Update:
    """An update, or the creation of the endpoint, that is under way: PendingDeploymentSummary."""

    config: str
    started: datetime | None
    variants: tuple[PendingVariant, ...]


@dataclass(frozen=True)
class Endpoint:
    """An endpoint, from DescribeEndpoint and DescribeEndpointConfig."""

    name: str
    arn: str
    status: str
    failure: str
    config: str
    created: datetime
    changed: datetime
    variants: tuple[Variant, ...]
    captures: str | None
    """Where data capture writes, as an S3 URI; None if it is off."""
    sampling_percent: int
    update: Update | None = None

    @property
    def rollback(self) -> str:
        """What became of an update that failed, as a sentence; empty if the endpoint itself failed.

        An endpoint that serves and has a FailureReason serves what it did before an update that was rolled back.
        """
        return ROLLBACKS.get(self.status, "").format(config=self.config) if self.failure else ""

    @property
    def weight(self) -> float:
        return sum(variant.weight for variant in self.variants)

    @property
    def job(self) -> str:
        """Return the training job of the first variant whose job is known; empty if none is."""
        return next((variant.job for variant in self.variants if variant.job), "")


async def listed(
    aws: Aws, status: str = "", name: str = "", after: str = "", limit: int = PAGE
) -> tuple[list[EndpointSummary], str]:
    """Return a page of endpoints, the newest first, and the token of the next page."""
    request: dict[str, Any] = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": limit}
    request |= {"StatusEquals": status} if status else {}
    request |= {"NameContains": name} if name else {}
    request |= {"NextToken": after} if after else {}
    answer = await aws.call("sagemaker", "list_endpoints", SHORT_S, **request)
    rows = [
        EndpointSummary(each["EndpointName"], each["EndpointStatus"], each["CreationTime"], each["LastModifiedTime"])
        for each in answer["Endpoints"]
    ]
    return rows, str(answer.get("NextToken") or "")


async def described(aws: Aws, name: str) -> Endpoint:
    """Return the endpoint. Raises NotThere."""
    answer = await aws.call("sagemaker", "describe_endpoint", EndpointName=name)
    config, job_of = await _config(aws, answer["EndpointConfigName"])
    models = {each["VariantName"]: each for each in config.get("ProductionVariants", ())}
    capture = answer.get("DataCaptureConfig", {})
    return Endpoint(
        name=name,
        arn=answer["EndpointArn"],
        status=answer["EndpointStatus"],
        failure=answer.get("FailureReason", ""),
        config=answer["EndpointConfigName"],
        created=answer["CreationTime"],
        changed=answer["LastModifiedTime"],
        variants=tuple(
            _variant(each, models.get(each["VariantName"], {}), job_of.get(each["VariantName"], ""))
            for each in answer.get("ProductionVariants", ())
        ),
        captures=capture.get("DestinationS3Uri"),
        sampling_percent=int(capture.get("CurrentSamplingPercentage", 0)),
        update=_update(answer.get("PendingDeploymentSummary")),
    )


async def traffic(aws: Aws, endpoint: Endpoint, reach: str, now: datetime | None = None) -> dict[str, Points]:
    """Return the points of each metric in METRICS, all variants together, over the last hours of a range."""
    span, period_s = RANGES[reach]
    end = end_of_minute(now or datetime.now(UTC))
    queries = [
        query(f"{key}__{number}", endpoint.name, variant.name, metric, statistic, period_s)
        for number, variant in enumerate(endpoint.variants)
        for key, (metric, statistic) in METRICS.items()
    ]
    if not queries:
        return dict.fromkeys(METRICS, ())
    answer = await metric_data(aws, queries, end - span, end)
    return {key: joined(key, answer) for key in METRICS}


async def latency_percentiles(
    aws: Aws, endpoint: Endpoint, reach: str, now: datetime | None = None
) -> tuple[Points, dict[str, float]]:
    """Return the model's latency in seconds: p95 of each period, and PERCENTILES of the whole range.

    With several variants they are those of the slowest. There are none if CloudWatch has no percentiles, as in other
    local clouds, or no raw values.
    """
    span, period_s = RANGES[reach]
    end = end_of_minute(now or datetime.now(UTC))
    queries = [
        query(f"{key}__{number}", endpoint.name, variant.name, "ModelLatency", statistic, seconds)
        for number, variant in enumerate(endpoint.variants)
        for key, statistic, seconds in (
            ("latency_p95", CHARTED_PERCENTILE, period_s),
            *((each, each, int(span.total_seconds())) for each in PERCENTILES),
        )
    ]
    try:
        answer = await metric_data(aws, queries, end - span, end) if queries else {"MetricDataResults": ()}
    except ConsoleError:
        return (), {}
    # CloudWatch may begin the period at a round time, so that the range has a second, shorter one
    whole = {key: [value for _, value in joined(key, answer)] for key in PERCENTILES}
    return joined("latency_p95", answer), {key: max(values) for key, values in whole.items() if values}


def end_of_minute(moment: datetime) -> datetime:
    """Return the end of a range of metrics that has the minute of a moment, so that a minute has one answer."""
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)


def weighted_mean(means: Points, counts: Points) -> float | None:
    """Return the mean of means over periods, each by its count; None without a count."""
    count_at = dict(counts)
    counted = sum(count_at.get(time, 0) for time, _ in means)
    return sum(count_at.get(time, 0) * value for time, value in means) / counted if counted else None


async def metric_data(
    aws: Aws, queries: list[dict[str, Any]], start: datetime, end: datetime, keep_s: float = KEPT_METRICS_S
) -> Answer:
    return await aws.call(
        "cloudwatch",
        "get_metric_data",
        keep_s,
        MetricDataQueries=queries,
        StartTime=start,
        EndTime=end,
        ScanBy="TimestampAscending",
    )


def query(key: str, endpoint: str, variant: str, metric: str, statistic: str, period_s: int) -> dict[str, Any]:
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
    named = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions}
    return {"Id": key, "MetricStat": {"Metric": named, "Period": period_s, "Stat": statistic}}


def joined(key: str, answer: Answer) -> Points:
    """Return the points of one metric: sums over all variants, the largest of their means and maxima."""
    values: dict[float, list[float]] = {}
    for result in answer["MetricDataResults"]:
        if result["Id"].partition("__")[0] == key:
            for time, value in zip(result["Timestamps"], result["Values"], strict=True):
                values.setdefault(time.timestamp(), []).append(value)
    join = max if key in LATENCIES else sum
    unit = 1e-6 if key in LATENCIES else 1
    return tuple((time, join(each) * unit) for time, each in sorted(values.items()))


async def job_of_config(aws: Aws, name: str) -> str:
    """Return the training job of the first variant of a configuration whose job is known; empty if none is."""
    _, jobs = await _config(aws, name)
    return next(filter(None, jobs.values()), "")


async def _config(aws: Aws, name: str) -> tuple[Answer, dict[str, str]]:
    """Return a configuration, and the training job of each of its variants, by the variant's name."""
    try:
        # a configuration never changes
        config = await aws.call("sagemaker", "describe_endpoint_config", NAMED_S, EndpointConfigName=name)
    except NotThere:
        return {}, {}
    variants = config.get("ProductionVariants", ())
    jobs = await asyncio.gather(*(job_of_model(aws, each.get("ModelName", "")) for each in variants))
    return config, dict(zip((each["VariantName"] for each in variants), jobs, strict=True))


async def job_of_model(aws: Aws, model: str) -> str:
    """Return the name of the training job that made a model: its archive is in `<job>/output/`.

    A model that was made from a version of the registry names that version, and the version has the archive.
    """
    if not model:
        return ""
    try:
        answer = await aws.call("sagemaker", "describe_model", NAMED_S, ModelName=model)
    except NotThere:
        return ""
    container = _first_container(answer)
    package = container.get("ModelPackageName")
    if package and not container.get("ModelDataUrl"):
        try:
            version = await aws.call("sagemaker", "describe_model_package", NAMED_S, ModelPackageName=package)
        except NotThere:
            return ""
        container = _first_container(version.get("InferenceSpecification", {}))
    return job_in(container.get("ModelDataUrl", ""))


def _first_container(answer: Answer) -> Answer:
    container: Answer = answer.get("PrimaryContainer") or next(iter(answer.get("Containers", ())), {})
    return container


def job_in(uri: str) -> str:
    """Return the job's name in `s3://…/<job>/output/model.tar.gz`, as SageMaker lays out what a job leaves."""
    parts = uri.split("/")
    return parts[-3] if len(parts) > 4 and parts[-2:] == ["output", "model.tar.gz"] else ""


def _update(summary: Mapping[str, Any] | None) -> Update | None:
    if not summary:
        return None
    variants = tuple(map(_pending, summary.get("ProductionVariants", ())))
    return Update(summary.get("EndpointConfigName", ""), summary.get("StartTime"), variants)


def _pending(each: Mapping[str, Any]) -> PendingVariant:
    status: Mapping[str, Any] = next(iter(each.get("VariantStatus", ())), {})
    return PendingVariant(
        name=each["VariantName"],
        stage=status.get("Status", ""),
        message=status.get("StatusMessage", ""),
        began=status.get("StartTime"),
        instances=int(each.get("CurrentInstanceCount", 0)),
        wanted_instances=int(each.get("DesiredInstanceCount", 0)),
        weight=float(each.get("CurrentWeight", 0.0)),
        wanted_weight=float(each.get("DesiredWeight", 0.0)),
    )


def _variant(each: Mapping[str, Any], config: Mapping[str, Any], job: str) -> Variant:
    images = each.get("DeployedImages", ())
    return Variant(
        name=each["VariantName"],
        model=config.get("ModelName", ""),
        job=job,
        instance_type=config.get("InstanceType", ""),
        instances=int(each.get("CurrentInstanceCount", 0)),
        wanted_instances=int(each.get("DesiredInstanceCount", 0)),
        weight=float(each.get("CurrentWeight", 0.0)),
        image=images[0].get("SpecifiedImage", "") if images else "",
    )
