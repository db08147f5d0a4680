"""Training jobs: lists of them, and the description of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from console.aws.client import NAMED_S, SHORT_S, Answer, Aws

ENDED = ("Completed", "Failed", "Stopped")
PAGE = 50
PAGE_MAX = 100
OLDER_PAGES_S = 10.0
NEWEST_S = 5.0
SUBMIT_DIRECTORY = "sagemaker_"
"""The prefix of the hyperparameters that the SDK adds for script mode."""
TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True)
class JobSummary:
    """A row of ListTrainingJobs."""

    name: str
    status: str
    created: datetime
    ended: datetime | None

    @property
    def seconds(self) -> float | None:
        """From the creation to the end, the wait for an instance included; None while the job runs."""
        return (self.ended - self.created).total_seconds() if self.ended else None


@dataclass(frozen=True)
class Channel:
    name: str
    uri: str
    mode: str


@dataclass(frozen=True)
class Phase:
    """A secondary status, such as Downloading or Training."""

    name: str
    started: datetime
    ended: datetime | None
    message: str

    @property
    def seconds(self) -> float | None:
        return (self.ended - self.started).total_seconds() if self.ended else None


@dataclass(frozen=True)
class Job:
    """A training job, from DescribeTrainingJob."""

    name: str
    arn: str
    status: str
    secondary: str
    failure: str
    created: datetime
    started: datetime | None
    ended: datetime | None
    image: str
    instances: str
    role: str
    billable_s: int | None
    hyperparameters: Mapping[str, str]
    channels: tuple[Channel, ...]
    artifact: str | None
    metric_patterns: Mapping[str, str]
    final_metrics: Mapping[str, float]
    phases: tuple[Phase, ...]

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    @property
    def seconds(self) -> float | None:
        """How long it trained, as AWS counts TrainingTimeInSeconds: from the start of training to the end."""
        if self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds()

    @property
    def since_created_s(self) -> float | None:
        """From the creation to the end, as the list has it: the wait for an instance is included."""
        return (self.ended - self.created).total_seconds() if self.ended else None


async def listed(
    aws: Aws,
    status: str = "",
    name: str = "",
    after: str = "",
    limit: int = PAGE,
    keep_s: float = SHORT_S,
    before: datetime | None = None,
) -> tuple[list[JobSummary], str]:
    """Return a page of jobs, the newest first, and the token of the next page, empty if there is none."""
    request: dict[str, Any] = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": limit}
    request |= {"StatusEquals": status} if status else {}
    request |= {"NameContains": name} if name else {}
    request |= {"NextToken": after} if after else {}
    request |= {"CreationTimeBefore": before} if before else {}
    answer = await aws.call("sagemaker", "list_training_jobs", keep_s, **request)
    return [_summary(each) for each in answer["TrainingJobSummaries"]], str(answer.get("NextToken") or "")


async def listed_up_to(aws: Aws, limit: int, name: str = "") -> tuple[list[JobSummary], bool]:
    """Return up to `limit` jobs, the newest first, and whether there are more."""
    jobs: list[JobSummary] = []
    after = ""
    while len(jobs) < limit:
        # the first page changes first: the others are asked for again when it has changed, or after a while
        keep_s = OLDER_PAGES_S if after else SHORT_S
        page, after = await listed(aws, name=name, after=after, limit=min(PAGE_MAX, limit - len(jobs)), keep_s=keep_s)
        jobs += page
        if not after:
            break
    return jobs, bool(after)


async def newest_completed(aws: Aws, before: datetime | None = None) -> JobSummary | None:
    """Return the newest job that has completed, of those created before a time if one is passed; None without one."""
    # two, since AWS's bound includes the job that was created at that time
    rows, _ = await listed(aws, status="Completed", limit=2, keep_s=NEWEST_S, before=before)
    return next((row for row in rows if before is None or row.created < before), None)


async def described(aws: Aws, name: str) -> Job:
    """Return the job. An ended one is kept for a minute: it can only be deleted. Raises NotThere."""
    answer = await aws.call("sagemaker", "describe_training_job", _keep, TrainingJobName=name)
    return job_of(answer)


def job_of(answer: Answer) -> Job:
    """Return the job of DescribeTrainingJob's answer."""
    resources = answer.get("ResourceConfig", {})
    algorithm = answer.get("AlgorithmSpecification", {})
    return Job(
        name=answer["TrainingJobName"],
        arn=answer["TrainingJobArn"],
        status=answer["TrainingJobStatus"],
        secondary=answer.get("SecondaryStatus", ""),
        failure=answer.get("FailureReason", ""),
        created=answer["CreationTime"],
        started=answer.get("TrainingStartTime"),
        ended=answer.get("TrainingEndTime"),
        image=algorithm.get("TrainingImage") or algorithm.get("AlgorithmName", ""),
        instances=f"{resources.get('InstanceCount', 1)} {TIMES} {resources.get('InstanceType', '?')}",
        role=answer.get("RoleArn", ""),
        billable_s=answer.get("BillableTimeInSeconds"),
        hyperparameters=dict(answer.get("HyperParameters", {})),
        channels=tuple(map(_channel, answer.get("InputDataConfig", ()))),
        artifact=answer.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
        metric_patterns={each["Name"]: each["Regex"] for each in algorithm.get("MetricDefinitions", ())},
        final_metrics={each["MetricName"]: float(each["Value"]) for each in answer.get("FinalMetricDataList", ())},
        phases=tuple(
            _phase(each) for each in answer.get("SecondaryStatusTransitions", ()) if each["Status"] not in ENDED
        ),
    )


def _keep(answer: Answer) -> float:
    return NAMED_S if answer["TrainingJobStatus"] in ENDED else SHORT_S


def _summary(each: Mapping[str, Any]) -> JobSummary:
    return JobSummary(
        each["TrainingJobName"],
        each["TrainingJobStatus"],
        each["CreationTime"].astimezone(UTC),
        each.get("TrainingEndTime"),
    )


def _channel(each: Mapping[str, Any]) -> Channel:
    source = each.get("DataSource", {})
    uri = source.get("S3DataSource", {}).get("S3Uri") or source.get("FileSystemDataSource", {}).get("DirectoryPath", "")
    return Channel(each["ChannelName"], uri, each.get("InputMode", "File"))


def _phase(each: Mapping[str, Any]) -> Phase:
    return Phase(each["Status"], each["StartTime"], each.get("EndTime"), each.get("StatusMessage", ""))
