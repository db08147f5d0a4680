"""Reading a job's or an endpoint's log from CloudWatch as it is written."""

from dataclasses import dataclass, field

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones.errors import code_of

TRAINING_JOBS = "/aws/sagemaker/TrainingJobs"
ENDPOINTS = "/aws/sagemaker/Endpoints"


@dataclass
class LogReader:
    """New lines of all streams whose name begins with a prefix. A log that is not there yet has none."""

    logs: BaseClient
    group: str
    prefix: str = ""
    lines: list[str] = field(default_factory=list)
    _tokens: dict[str, str | None] = field(default_factory=dict)

    def read(self) -> list[str]:
        new = [line for stream in self._streams() for line in self._stream_lines(stream)]
        self.lines += new
        return new

    def tail(self, count: int = 8) -> str:
        return "\n".join(f"    {line}" for line in self.lines[-count:])

    def _streams(self) -> list[str]:
        named = {"logStreamNamePrefix": self.prefix} if self.prefix else {}
        try:
            pages = self.logs.get_paginator("describe_log_streams").paginate(logGroupName=self.group, **named)
            return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return []
            raise

    def _stream_lines(self, stream: str) -> list[str]:
        """Pages until the token no longer moves, which is how CloudWatch says that there is nothing new."""
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
