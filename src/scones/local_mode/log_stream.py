"""Write a job's log to CloudWatch, where SageMaker writes it and the steps read it."""

import time
from dataclasses import dataclass

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones.aws_errors import code_of

MESSAGE_MAX_BYTES = 250_000
EVENTS_MAX = 1000


@dataclass(frozen=True)
class LogStream:
    logs: BaseClient
    group: str
    stream: str

    def create(self) -> None:
        """Create the log group, if it does not exist yet, and the stream."""
        for create, names in (
            (self.logs.create_log_group, {"logGroupName": self.group}),
            (self.logs.create_log_stream, {"logGroupName": self.group, "logStreamName": self.stream}),
        ):
            try:
                create(**names)
            except ClientError as error:
                if code_of(error) != "ResourceAlreadyExistsException":
                    raise

    def write(self, lines: list[str]) -> None:
        """Append lines, without empty ones: CloudWatch refuses an empty event."""
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line[:MESSAGE_MAX_BYTES]} for line in lines if line]
        for start in range(0, len(events), EVENTS_MAX):
            self.logs.put_log_events(
                logGroupName=self.group, logStreamName=self.stream, logEvents=events[start : start + EVENTS_MAX]
            )
