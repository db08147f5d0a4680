"""The CloudWatch alarms that roll an update back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS
from sagemaker_emulator.errors import validation

UNREADABLE_S = 60.0  # roll an update back if its alarms cannot be read for this long: a fault would go unnoticed

log = logging.getLogger(__name__)


def require_alarms(cloudwatch: Callable[[], Any], names: tuple[str, ...]) -> None:
    """Raise ValidationException for alarms that do not exist, or that cannot be described."""
    if not names:
        return
    try:
        existing = _states(cloudwatch(), names)
    except AWS_ERRORS as error:
        raise validation(
            f"The CloudWatch alarms of AutoRollbackConfiguration could not be described: {error}"
        ) from None
    if missing := [name for name in names if name not in existing]:
        raise validation(f"CloudWatch alarm(s) not found: {', '.join(missing)}")


class AlarmWatch:
    """The alarms of one update. `tripped` asks CloudWatch each time."""

    def __init__(self, cloudwatch: Callable[[], Any], names: tuple[str, ...]) -> None:
        self._cloudwatch, self._names = cloudwatch, names
        self._read_at = time.monotonic()

    def __bool__(self) -> bool:
        return bool(self._names)

    def tripped(self) -> str | None:
        """Return why the update has to be rolled back, or None as long as no alarm is in ALARM."""
        try:
            states = _states(self._cloudwatch(), self._names)
        except AWS_ERRORS as error:
            log.warning("the alarms %s cannot be described: %s", ", ".join(self._names), error)
            late = time.monotonic() - self._read_at > UNREADABLE_S
            return f"The CloudWatch alarms could not be described: {error}" if late else None
        self._read_at = time.monotonic()
        names = [name for name, state in states.items() if state == "ALARM"]
        return f"The following CloudWatch alarm(s) are in ALARM state: {', '.join(sorted(names))}" if names else None


def _states(cloudwatch: Any, names: tuple[str, ...]) -> dict[str, str]:
    """Return the states by name of the alarms that exist, metric alarms and composite ones."""
    answer = cloudwatch.describe_alarms(AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarms = [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}
