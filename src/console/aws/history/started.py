"""The SageMaker jobs and endpoints that steps start, with their pages, their logs, and the last error in a log."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from console.aws import logs
from console.aws.client import Aws
from console.aws.log_search import ERROR_WORDS
from console.errors import ConsoleError
from display.causes import members_of

LOGS = "/aws/sagemaker"
ENDPOINT = "endpoint"
JOBS = {
    "training-job": ("TrainingJobName", "TrainingJobs"),
    "transform-job": ("TransformJobName", "TransformJobs"),
    "processing-job": ("ProcessingJobName", "ProcessingJobs"),
    ENDPOINT: ("EndpointName", "Endpoints"),
}
"""By the kind of resource in an ARN: the member of requests and descriptions that has the name, and the log group."""
STREAMS_MAX, LINES, PAGES = 4, 200, 3
KEPT_S = 30.0


@dataclass(frozen=True)
class Started:
    """A job or an endpoint. `kind` is that of its ARN."""

    kind: str
    name: str

    @property
    def group(self) -> str:
        """The log group: endpoints have one each, and jobs share the one of their kind."""
        group = f"{LOGS}/{JOBS[self.kind][1]}"
        return f"{group}/{self.name}" if self.kind == ENDPOINT else group

    @property
    def prefix(self) -> str:
        """The prefix of its log streams; empty if it has a log group of its own."""
        return "" if self.kind == ENDPOINT else f"{self.name}/"

    @property
    def page(self) -> str:
        """Its page; that of its log for a job that has no page."""
        pages = {"training-job": "/training-jobs", ENDPOINT: "/endpoints"}
        return f"{pages[self.kind]}/{quote(self.name)}" if self.kind in pages else self.log

    @property
    def log(self) -> str:
        """The page of its log."""
        prefix = f"&prefix={quote(self.prefix, safe='')}" if self.prefix else ""
        return f"/logs?group={quote(self.group, safe='')}{prefix}"


def started_in(text: str) -> Started | None:
    """Return what a request names, or whose description this is; None if it is neither."""
    members = members_of(text)
    for kind, (member, _) in JOBS.items():
        if isinstance(name := members.get(member), str) and name:
            return Started(kind, name)
    return None


def started_of(arn: str) -> Started | None:
    """Return the job or the endpoint of an ARN; None for other resources."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    return Started(kind, name) if kind in JOBS and name else None


async def last_error(aws: Aws, started: Started) -> str:
    """Return the last line of its log that has a word for an error, of the last LINES of each of a few streams.

    Empty without one, and if the role may not read logs.
    """
    try:
        streams = (await logs.streams(aws, started.group, started.prefix))[:STREAMS_MAX]
        ends = [await logs.end_of(aws, started.group, each.name, LINES, PAGES, KEPT_S) for each in streams]
    except ConsoleError:
        return ""
    errors = [line for lines, _ in ends for line in lines if any(word in line.text for word in ERROR_WORDS)]
    return max(errors, key=lambda line: line.time).text.strip() if errors else ""
