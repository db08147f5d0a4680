"""The times of Wait states."""

import datetime
import math
from typing import Any

from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import FailureEventException
from localstack.services.stepfunctions.asl.component.state.state_wait.wait_function.timestamp import Timestamp
from localstack.services.stepfunctions.asl.eval.environment import Environment

from localstack_plugin.replacing import replace
from localstack_plugin.stepfunctions.choices.operators import timestamp_of


def seconds_until(self: Timestamp, env: Environment) -> int:
    """Return the whole seconds until the timestamp, so that the state never ends before it."""
    self.string.eval(env=env)
    text = env.stack.pop()
    timestamp = timestamp_of(text)
    if timestamp is None:
        raise FailureEventException(self._create_failure_event(env, text))
    return math.ceil((timestamp - datetime.datetime.now(tz=datetime.UTC)).total_seconds())


def read(timestamp: Any) -> datetime.datetime | None:
    return timestamp_of(timestamp)


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_wait.wait_function.timestamp"
        ":Timestamp._get_wait_seconds",
        by=seconds_until,
        why="LocalStack reads a timestamp in UTC as one in the machine's time zone. Here it is read as UTC.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_wait.wait_function.timestamp"
        ":Timestamp._from_timestamp_string",
        by=staticmethod(read),
        why="LocalStack refuses a timestamp with an offset, such as +01:00. It is accepted.",
    )
