"""The model registry, with the lineage of each version: from the data through the training job to the endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.aws import endpoints
from console.aws.client import SHORT_S, Answer, Aws
from console.aws.endpoints import job_in
from console.aws.training import image_classification
from console.aws.training import jobs as training_jobs
from console.aws.training.image_classification import Best
from console.aws.training.jobs import Channel, Job
from console.errors import ConsoleError, NotThere

PAGE = 50
ENDPOINTS_MAX = 20


@dataclass(frozen=True)
class Group:
    name: str
    description: str
    created: datetime


@dataclass(frozen=True)
class Version:
    """A version of a model package group."""

    group: str
    number: int
    arn: str
    approval: str
    status: str
    description: str
    created: datetime


@dataclass(frozen=True)
class Package:
    """A version, with what only DescribeModelPackage has."""

    version: Version
    model_data: str
    image: str
    job: str
    metadata: Mapping[str, str]
    approval_note: str
    report: str
    """The URI of the quality report of the evaluation that it passed; empty without one."""


@dataclass(frozen=True)
class Lineage:
    """The origin of a model, and the endpoints that serve it. `channels` is empty if the job is not known."""

    channels: tuple[Channel, ...]
    accuracy: Mapping[str, float]
    """The last values of the job's metrics."""
    best: Best | None
    """The epoch that the job kept; None if its algorithm tells none, or if the log cannot be read."""
    endpoints: tuple[str, ...]


async def groups(aws: Aws, name: str = "") -> list[Group]:
    """Return model package groups, the newest first."""
    request: dict[str, Any] = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": PAGE}
    request |= {"NameContains": name} if name else {}
    answer = await aws.call("sagemaker", "list_model_package_groups", SHORT_S, **request)
    return [
        Group(each["ModelPackageGroupName"], each.get("ModelPackageGroupDescription", ""), each["CreationTime"])
        for each in answer["ModelPackageGroupSummaryList"]
    ]


async def versions(aws: Aws, group: str, after: str = "") -> tuple[list[Version], str]:
    """Return a page of a group's versions, the newest first, and the token of the next page."""
    more = {"NextToken": after} if after else {}
    answer = await aws.call(
        "sagemaker",
        "list_model_packages",
        SHORT_S,
        ModelPackageGroupName=group,
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=PAGE,
        **more,
    )
    return [_version(each) for each in answer["ModelPackageSummaryList"]], str(answer.get("NextToken") or "")


async def package(aws: Aws, group: str, number: int) -> Package:
    """Return a version. Raises NotThere."""
    rows, following = await versions(aws, group)
    while all(row.number != number for row in rows):
        if not following:
            raise NotThere(f"model package group {group} has no version {number}")
        rows, following = await versions(aws, group, following)
    version = next(row for row in rows if row.number == number)
    answer = await aws.call("sagemaker", "describe_model_package", SHORT_S, ModelPackageName=version.arn)
    containers = answer.get("InferenceSpecification", {}).get("Containers", ())
    container: Answer = containers[0] if containers else {}
    return Package(
        version=version,
        model_data=container.get("ModelDataUrl", ""),
        image=container.get("Image", ""),
        job=job_in(container.get("ModelDataUrl", "")),
        metadata=dict(answer.get("CustomerMetadataProperties", {})),
        approval_note=answer.get("ApprovalDescription", ""),
        report=_report(answer),
    )


def _report(answer: Answer) -> str:
    quality = answer.get("ModelMetrics", {}).get("ModelQuality", {})
    return str(quality.get("Statistics", {}).get("S3Uri", ""))


async def lineage(aws: Aws, model: Package) -> Lineage:
    """Return what leads to the model and what it leads to."""
    channels: tuple[Channel, ...] = ()
    accuracy: Mapping[str, float] = {}
    best: Best | None = None
    if model.job:
        try:
            job = await training_jobs.described(aws, model.job)
            channels, accuracy = job.channels, job.final_metrics
            best = await _best(aws, job)
        except NotThere:
            pass  # deleted since
    rows, _ = await endpoints.listed(aws)
    described = await asyncio.gather(*(_endpoint(aws, row.name) for row in rows[:ENDPOINTS_MAX]))
    serving = (
        [each for each in described if each and any(v.job == model.job for v in each.variants)] if model.job else []
    )
    return Lineage(channels, accuracy, best, tuple(each.name for each in serving))


async def _best(aws: Aws, job: Job) -> Best | None:
    try:
        return await image_classification.best_epoch(aws, job)
    except ConsoleError:
        return None  # the role may not read logs


async def _endpoint(aws: Aws, name: str) -> endpoints.Endpoint | None:
    try:
        return await endpoints.described(aws, name)
    except NotThere:
        return None  # deleted since it was listed


def _version(each: Mapping[str, Any]) -> Version:
    return Version(
        group=each.get("ModelPackageGroupName", ""),
        number=int(each.get("ModelPackageVersion", 0)),
        arn=each["ModelPackageArn"],
        approval=each.get("ModelApprovalStatus", ""),
        status=each.get("ModelPackageStatus", ""),
        description=each.get("ModelPackageDescription", ""),
        created=each["CreationTime"],
    )
