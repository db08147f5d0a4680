"""The model registry, with the lineage of each version: from the data through the training job to the endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.aws import endpoints
from console.aws.client import NAMED_S, SHORT_S, Answer, Aws
from console.aws.endpoints import job_in
from console.aws.history.started import Started, started_of
from console.aws.search import NEWEST_FIRST, created_until
from console.aws.training import image_classification
from console.aws.training import jobs as training_jobs
from console.aws.training.image_classification import Best
from console.aws.training.jobs import Channel, Job
from console.errors import ConsoleError, NotThere

PAGE = 50
SEARCHED = 100
PACKAGES_S = 5.0
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
    asked: int
    """How many endpoints were asked for their models, the newest first."""
    are_all: bool
    """Whether there are no others."""


async def groups(aws: Aws, name: str = "", after: str = "") -> tuple[list[Group], str]:
    """Return a page of model package groups, the newest first, and the token of the next page."""
    request: dict[str, Any] = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": PAGE}
    request |= {"NameContains": name} if name else {}
    request |= {"NextToken": after} if after else {}
    answer = await aws.call("sagemaker", "list_model_package_groups", SHORT_S, **request)
    rows = [
        Group(each["ModelPackageGroupName"], each.get("ModelPackageGroupDescription", ""), each["CreationTime"])
        for each in answer["ModelPackageGroupSummaryList"]
    ]
    return rows, str(answer.get("NextToken") or "")


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
    return await _described(aws, next(row for row in rows if row.number == number), SHORT_S)


async def packages(aws: Aws, rows: Sequence[Version]) -> dict[int, Package]:
    """Return versions of one group, by number. Search has a hundred in one answer; the others are described.

    Those that the role may not read, or that AWS throttles, are missing.
    """
    if not rows:
        return {}
    found = await _searched(aws, rows)
    missing = [row for row in rows if row.number not in found]
    described = await asyncio.gather(*(_described(aws, row, NAMED_S) for row in missing), return_exceptions=True)
    for each in described:
        if isinstance(each, Package):
            found[each.version.number] = each
        elif not isinstance(each, ConsoleError):
            raise each
    return found


async def _searched(aws: Aws, rows: Sequence[Version]) -> dict[int, Package]:
    """Return those of the versions that Search has; none if the role may not search."""
    of_group = {"Name": "ModelPackageGroupName", "Operator": "Equals", "Value": rows[0].group}
    try:
        answer = await aws.call(
            "sagemaker",
            "search",
            PACKAGES_S,
            Resource="ModelPackage",
            SearchExpression={"Filters": [of_group, created_until(rows[0].created)]},
            MaxResults=SEARCHED,
            **NEWEST_FIRST,
        )
    except ConsoleError:
        return {}
    by_arn = {each["ModelPackage"]["ModelPackageArn"]: each["ModelPackage"] for each in answer.get("Results", ())}
    return {row.number: _package(row, by_arn[row.arn]) for row in rows if row.arn in by_arn}


async def _described(aws: Aws, version: Version, keep_s: float) -> Package:
    answer = await aws.call("sagemaker", "describe_model_package", keep_s, ModelPackageName=version.arn)
    return _package(version, answer)


def _package(version: Version, answer: Answer) -> Package:
    """Return a version, from DescribeModelPackage's answer or a record of Search."""
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


async def version_of(aws: Aws, model: str) -> Started | None:
    """Return the version of the registry that a model was made from; None if it names none, or cannot be read."""
    try:
        answer = await aws.call("sagemaker", "describe_model", NAMED_S, ModelName=model)
    except ConsoleError:
        return None
    containers = (answer.get("PrimaryContainer", {}), *answer.get("Containers", ()))
    return next(filter(None, (started_of(each.get("ModelPackageName", "")) for each in containers)), None)


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
    rows, following = await endpoints.listed(aws)
    described = await asyncio.gather(*(_endpoint(aws, row.name) for row in rows[:ENDPOINTS_MAX]))
    serving = (
        [each for each in described if each and any(v.job == model.job for v in each.variants)] if model.job else []
    )
    are_all = len(rows) <= ENDPOINTS_MAX and not following
    return Lineage(channels, accuracy, best, tuple(each.name for each in serving), len(described), are_all)


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
