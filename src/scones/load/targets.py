"""Where a load goes: through the state machine, or straight to the endpoint."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from scones.classify import executions
from scones.context import Context
from scones.errors import code_of
from scones.load.measurements import BELOW_THRESHOLD, FAILED, SUCCEEDED, Answer, Record

SENDERS = 64
"""Requests that are sent, or to the endpoint answered, at the same time; more of them wait, and the wait is counted."""
LOOK_EVERY_S = 0.5


class Target(Protocol):
    name: str

    def send(self, number: int, due: float) -> None:
        """Sends the request that was due at this time of the monotonic clock; called in a thread of its own."""

    def close(self) -> None:
        """Nothing is followed any more."""


def client(context: Context, service: str) -> BaseClient:
    """Not the kit's: a refused request is a figure here, and is not sent again."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=SENDERS,
        connect_timeout=5,
        read_timeout=70,
    )
    return context.session.client(service, config=config)


def error_of(error: BotoCoreError | ClientError) -> str:
    return code_of(error) if isinstance(error, ClientError) else type(error).__name__


@dataclass
class EndpointTarget:
    name: str
    client: BaseClient
    images: list[bytes]
    threshold: float
    record: Record
    began: float

    def send(self, number: int, due: float) -> None:
        outcome, error = self._ask(self.images[number % len(self.images)])
        self.record.note_ended(Answer(due - self.began, time.monotonic() - due, outcome, error))

    def close(self) -> None:
        pass

    def _ask(self, image: bytes) -> tuple[str, str | None]:
        try:
            answer = self.client.invoke_endpoint(EndpointName=self.name, ContentType="image/png", Body=image)
            confidence = max(map(float, json.loads(answer["Body"].read())))
        except (BotoCoreError, ClientError) as error:
            return FAILED, error_of(error)
        except (ValueError, TypeError):
            return FAILED, "AnswerNotUnderstood"
        return (SUCCEEDED if confidence >= self.threshold else BELOW_THRESHOLD), None


@dataclass(frozen=True)
class Started:
    due: float
    until_started_s: float
    """How late the call was, and how long it took."""


Outcome = Callable[[Mapping[str, Any]], str]


@dataclass
class WorkflowTarget:
    """Latency is that until the execution was started, and then the execution's own, by AWS's clock: neither how often
    we look nor a clock that is wrong counts."""

    name: str
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
        event = {"image_data": "", "s3_bucket": self.bucket, "s3_key": key, "inferences": []}
        name = executions.execution_name(executions.Image(key, None), self.run_id, number)
        try:
            arn = self.client.start_execution(stateMachineArn=self.name, name=name, input=json.dumps(event))
        except (BotoCoreError, ClientError) as error:
            self.record.note_ended(Answer(due - self.began, time.monotonic() - due, FAILED, error_of(error)))
            return
        self._running[arn["executionArn"]] = Started(due, time.monotonic() - due)

    def follow(self) -> None:
        """Starts looking for executions that have ended, in a thread."""
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
                continue  # throttled, perhaps: what has ended then is seen at the next look

    def look(self) -> None:
        """One call lists what runs; each that runs no more is described once."""
        candidates = list(self._running)
        if not candidates:
            return
        pages = self.client.get_paginator("list_executions").paginate(stateMachineArn=self.name, statusFilter="RUNNING")
        running = {item["executionArn"] for page in pages for item in page["executions"]}
        for arn in candidates:
            if arn not in running and not self._stopped.is_set():
                self._end(arn, self.client.describe_execution(executionArn=arn))

    def _end(self, arn: str, described: Mapping[str, Any]) -> None:
        if described["status"] == "RUNNING":  # AWS lists executions with a delay
            return
        started = self._running.pop(arn)
        outcome = self.outcome_of(described)
        latency_s = started.until_started_s + lasted_s(described["startDate"], described["stopDate"])
        error = str(described.get("error") or described["status"]) if outcome == FAILED else None
        self.record.note_ended(Answer(started.due - self.began, latency_s, outcome, error))


def lasted_s(started: datetime, stopped: datetime) -> float:
    return max(0.0, (stopped - started).total_seconds())
