"""Executions of state machines."""

import json
from dataclasses import dataclass
from typing import Any

from pytest_aws_local.accounts import Account
from pytest_aws_local.polling import poll

TIMEOUT_S = 120.0
EVENTS_SHOWN = 5


@dataclass(frozen=True)
class Outcome:
    """The outcome of an execution that has ended. `output` is parsed; `error` and `cause` are set if it failed."""

    status: str
    output: Any
    error: str | None
    cause: str | None
    events: tuple[str, ...]
    """The types of the history's events, in order."""

    @property
    def succeeded(self) -> bool:
        return self.status == "SUCCEEDED"


@dataclass(frozen=True)
class WaitForExecution:
    """The value of the fixture `wait_for_execution`: call it with the ARN of an execution."""

    account: Account

    def __call__(self, execution_arn: str, timeout_s: float = TIMEOUT_S) -> Outcome:
        """Return the outcome once the execution has ended.

        Raises TimeoutError, which names the last events, after `timeout_s`.
        """
        states = self.account.client("stepfunctions")

        def ended() -> dict[str, Any] | None:
            described: dict[str, Any] = states.describe_execution(executionArn=execution_arn)
            return None if described["status"] == "RUNNING" else described

        described = poll(ended, timeout_s, lambda: self._still_running(execution_arn))
        output = json.loads(described["output"]) if "output" in described else None
        return Outcome(
            described["status"], output, described.get("error"), described.get("cause"), self._events(execution_arn)
        )

    def _events(self, execution_arn: str) -> tuple[str, ...]:
        pages = self.account.client("stepfunctions").get_paginator("get_execution_history")
        events = (event for page in pages.paginate(executionArn=execution_arn) for event in page["events"])
        return tuple(event["type"] for event in events)

    def _still_running(self, execution_arn: str) -> str:
        last = ", ".join(self._events(execution_arn)[-EVENTS_SHOWN:])
        return f"{execution_arn} is still RUNNING; its last events: {last}"
