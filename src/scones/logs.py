"""Read the log of a job or an endpoint from CloudWatch while it is being written."""

from dataclasses import dataclass, field

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones.aws_errors import code_of

TRAINING_JOBS = "/aws/sagemaker/TrainingJobs"
ENDPOINTS = "/aws/sagemaker/Endpoints"


@dataclass
class LogReader:
    """A reader of new lines in all streams whose names begin with a prefix. A log that does not exist yet has none."""

    logs: BaseClient
    group: str
    prefix: str = ""
    lines: list[str] = field(default_factory=list)
    _tokens: dict[str, str | None] = field(default_factory=dict)

    def read(self) -> list[str]:
        """Return the lines that were written since the last call."""
        new_lines = [line for stream in self._streams() for line in self._new_lines(stream)]
        self.lines += new_lines
        return new_lines

    def tail(self, count: int = 8) -> str:
        return "\n".join(f"    {line}" for line in self.lines[-count:])

    def _streams(self) -> list[str]:
        prefix = {"logStreamNamePrefix": self.prefix} if self.prefix else {}
        try:
            pages = self.logs.get_paginator("describe_log_streams").paginate(logGroupName=self.group, **prefix)
            return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return []
            raise

    def _new_lines(self, stream: str) -> list[str]:
        """Read pages until CloudWatch returns the token that it was given: that means there is nothing new."""
        lines: list[str] = []
        while True:
            token = self._tokens.get(stream)
            position = {"nextToken": token} if token else {}
            answer = self.logs.get_log_events(
                logGroupName=self.group, logStreamName=stream, startFromHead=True, **position
            )
            lines += [event["message"].rstrip("\n") for event in answer["events"]]
            self._tokens[stream] = answer.get("nextForwardToken")
            if not answer["events"] or self._tokens[stream] in (None, token):
                return lines
