"""What steps start in SageMaker: jobs, endpoints and versions of models; their pages, logs, and last errors."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from console.aws import logs
from console.aws.client import Aws
from console.aws.log_search import ERROR_WORDS
from console.errors import ConsoleError
from display.causes import INNER, members_of

LOGS = "/aws/sagemaker"
ENDPOINT, TUNING, VERSION = "endpoint", "hyper-parameter-tuning-job", "model-package"
JOBS = {
    "training-job": ("TrainingJobName", "TrainingJobs"),
    "transform-job": ("TransformJobName", "TransformJobs"),
    "processing-job": ("ProcessingJobName", "ProcessingJobs"),
    TUNING: ("HyperParameterTuningJobName", "TrainingJobs"),
    ENDPOINT: ("EndpointName", "Endpoints"),
}
"""By the kind of resource in an ARN: the member of requests and descriptions that has the name, and the log group."""
VERSION_MEMBER = "ModelPackageArn"
PAGES = {"training-job": "/training-jobs/", TUNING: "/training-jobs?q=", ENDPOINT: "/endpoints/", VERSION: "/models/"}
"""By the kind: the address of the page of a name. That of a tuning job is the list of its training jobs."""
STREAMS_MAX, LINES, LOG_PAGES = 4, 200, 3
KEPT_S = 30.0


@dataclass(frozen=True)
class Started:
    """A job, an endpoint, or a version of a model. `kind` is that of its ARN."""

    kind: str
    name: str

    @property
    def title(self) -> str:
        """Its name, for people."""
        return self.name.replace("/", " version ") if self.kind == VERSION else self.name

    @property
    def group(self) -> str:
        """The log group: endpoints have one each, and jobs share the one of their kind. Empty for a version."""
        if self.kind == VERSION:
            return ""
        group = f"{LOGS}/{JOBS[self.kind][1]}"
        return f"{group}/{self.name}" if self.kind == ENDPOINT else group

    @property
    def prefix(self) -> str:
        """The prefix of its log streams; empty if it has a log group of its own."""
        if self.kind == TUNING:  # the names of its training jobs begin so
            return f"{self.name}-"
        return "" if self.kind == ENDPOINT else f"{self.name}/"

    @property
    def page(self) -> str:
        """Its page; that of its log for a job that has no page."""
        return PAGES[self.kind] + quote(self.name) if self.kind in PAGES else self.log

    @property
    def log(self) -> str:
        """The page of its log; empty if it has none."""
        return logs.group_address(self.group, prefix=self.prefix) if self.group else ""


def started_in(text: str) -> Started | None:
    """Return what a request names, or whose description this is; None if it is neither."""
    members = members_of(text)
    for kind, (member, _) in JOBS.items():
        if isinstance(name := members.get(member), str) and name:
            return Started(kind, name)
    return started_of(str(members.get(VERSION_MEMBER, "")))


def started_of(arn: str) -> Started | None:
    """Return the job, the endpoint or the version of an ARN; None for other resources."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    return Started(kind, name) if kind in (*JOBS, VERSION) and name else None


def culprits_in(cause: str) -> list[str]:
    """Return the pages of the training job, or of the executions, whose descriptions are a cause, the outer first."""
    members, started = members_of(cause), started_in(cause)
    if started:
        return [started.page] if started.kind == "training-job" else []
    machine, _, name = str(members.get("ExecutionArn", "")).partition(":execution:")[2].partition(":")
    inner = members.get(INNER)
    outer = [f"/executions/{machine}/{name}"] if name else []
    return outer + (culprits_in(inner) if isinstance(inner, str) else [])


async def last_error(aws: Aws, started: Started) -> str:
    """Return the last line of its log that has a word for an error, of the last LINES of each of a few streams.

    Empty without one, and if the role may not read logs.
    """
    if not started.group:
        return ""
    try:
        streams = (await logs.streams(aws, started.group, started.prefix))[:STREAMS_MAX]
        ends = [await logs.end_of(aws, started.group, each.name, LINES, LOG_PAGES, KEPT_S) for each in streams]
    except ConsoleError:
        return ""
    errors = [line for lines, _ in ends for line in lines if any(word in line.text for word in ERROR_WORDS)]
    return max(errors, key=lambda line: line.time).text.strip() if errors else ""
