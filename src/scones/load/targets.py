"""The targets of a load: the state machine, or the endpoint itself."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from scones.aws_errors import code_of
from scones.classify import executions
from scones.classify.executions import Executor
from scones.classify.images import Image
from scones.load.measurements import BELOW_THRESHOLD, FAILED, SUCCEEDED, Answer, Record

SENDERS = 64
"""Threads that send requests and wait for the endpoint's answers. Latency includes the wait for a free thread."""
LOOK_EVERY_S = 0.5


class Target(Protocol):
    """A receiver of a load's requests, and the endpoint that answers them."""

    @property
    def name(self) -> str:
        """The name or ARN of the receiver."""

    @property
    def endpoint(self) -> str:
        """The name of the endpoint."""

    def send(self, number: int, due: float) -> None:
        """Send the request that was due at this time of the monotonic clock. Threads of a pool call this."""

    def close(self) -> None:
        """Stop following requests."""


def client_without_retries(session: boto3.Session, service: str) -> BaseClient:
    """Return a client that sends each request once: a load measures refusals, and does not repeat them."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=SENDERS,
        connect_timeout=5,
        read_timeout=70,
    )
    return session.client(service, config=config)


def error_of(error: BotoCoreError | ClientError) -> str:
    return code_of(error) if isinstance(error, ClientError) else type(error).__name__


@dataclass
class EndpointTarget:
    """A target that sends the images to the endpoint, in a loop."""

    name: str
    client: BaseClient
    images: list[bytes]
    threshold: float
    record: Record
    began: float

    @property
    def endpoint(self) -> str:
        return self.name

    def send(self, number: int, due: float) -> None:
        outcome, error, variant = self._ask(self.images[number % len(self.images)])
        self.record.note_ended(Answer(due - self.began, time.monotonic() - due, outcome, error, variant))

    def close(self) -> None:
        pass

    def _ask(self, image: bytes) -> tuple[str, str | None, str | None]:
        """Return the outcome, the error if it failed, and the variant that answered if one did."""
        variant: str | None = None
        try:
            answer = self.client.invoke_endpoint(EndpointName=self.name, ContentType="image/png", Body=image)
            variant = answer.get("InvokedProductionVariant")
            confidence = max(map(float, json.loads(answer["Body"].read())))
        except (BotoCoreError, ClientError) as error:
            return FAILED, error_of(error), variant
        except (ValueError, TypeError):
            return FAILED, "AnswerNotUnderstood", variant
        return (SUCCEEDED if confidence >= self.threshold else BELOW_THRESHOLD), None, variant


@dataclass(frozen=True)
class Started:
    """An execution that was started."""

    due: float
    until_started_s: float
    """Time from when it was due until StartExecution answered."""


Outcome = Callable[[Mapping[str, Any]], str]


@dataclass
class WorkflowTarget:
    """A target that starts executions of the state machine.

    The latency is the time until the execution was started, by the local clock, plus the execution's duration, by AWS's
    clock. So neither the polling interval nor a difference between the clocks distorts it.
    """

    name: str
    endpoint: str
    client: BaseClient
    bucket: str
    keys: list[str]
    record: Record
    began: float
    run_id: str
    outcome_of: Outcome = executions.outcome_of
    _running: dict[str, Started] = field(default_factory=dict)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _follower: threading.Thread | None = None

    def send(self, number: int, due: float) -> None:
        key = self.keys[number % len(self.keys)]
        name = executions.execution_name(Image(key, None), self.run_id, number)
        try:
            arn = Executor(self.client, self.name, self.bucket).start(key, name)
        except (BotoCoreError, ClientError) as error:
            self.record.note_ended(Answer(due - self.began, time.monotonic() - due, FAILED, error_of(error)))
            return
        self._running[arn] = Started(due, time.monotonic() - due)

    def follow(self) -> None:
        """Start a thread that looks for executions that have ended."""
        self._follower = threading.Thread(target=self._follow, name="load-follower", daemon=True)
        self._follower.start()

    def close(self) -> None:
        self._stopped.set()
        if self._follower is not None:
            self._follower.join()

    def _follow(self) -> None:
        while not self._stopped.wait(LOOK_EVERY_S):
            try:
                self.look()
            except (BotoCoreError, ClientError):
                continue  # perhaps throttled: the next poll finds what has ended meanwhile

    def look(self) -> None:
        """List the running executions, and describe each that is no longer among them."""
        candidates = list(self._running)
        if not candidates:
            return
        pages = self.client.get_paginator("list_executions").paginate(stateMachineArn=self.name, statusFilter="RUNNING")
        running = {item["executionArn"] for page in pages for item in page["executions"]}
        for arn in candidates:
            if arn not in running and not self._stopped.is_set():
                self._end(arn, self.client.describe_execution(executionArn=arn))

    def _end(self, arn: str, description: Mapping[str, Any]) -> None:
        if description["status"] == "RUNNING":  # AWS lists executions with a delay
            return
        started = self._running.pop(arn)
        outcome = self.outcome_of(description)
        latency_s = started.until_started_s + lasted_s(description["startDate"], description["stopDate"])
        error = str(description.get("error") or description["status"]) if outcome == FAILED else None
        self.record.note_ended(Answer(started.due - self.began, latency_s, outcome, error))


def lasted_s(started: datetime, stopped: datetime) -> float:
    return max(0.0, (stopped - started).total_seconds())
