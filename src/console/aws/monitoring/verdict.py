"""Whether the traffic of the workflow's endpoint has drifted, as far as runs of its monitor have compared it.

The monitor stores a state after each run that analyzed something, also after one with too few records for a verdict.
So the state alone does not say that there is no drift: the runs do.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from console.aws import endpoints
from console.aws.client import NAMED_S, Aws
from console.aws.monitoring.workflow_monitor import NO_ENDPOINT, Run, State
from console.aws.workflow import Workflow
from console.errors import ConsoleError

SERVING = ("InService", "Updating", "RollingBack")
FIRST_EVENTS = 3
"""The start of an execution, and the entry and the exit of its first state, which names the processing job."""


@dataclass(frozen=True)
class Verdict:
    """The newest run that has ended, the newest that compared, and the state. All may be None."""

    latest: Run | None
    compared: Run | None
    state: State | None
    is_in_service: bool = False
    """Whether the endpoint is in service now. A run before that, which found none, says nothing about it."""

    @property
    def is_drifting(self) -> bool:
        return self.state is not None and self.state.since is not None

    @property
    def is_current(self) -> bool:
        """Whether the newest run compared something: only then the traffic is known to be as the baseline's."""
        return self.compared is not None and self.compared is self.latest

    @property
    def shown(self) -> tuple[str, str]:
        """The status whose tone the verdict has, and its words."""
        if self.is_drifting:
            return "ALARM", "drifting"
        if self.latest and self.latest.status != "SUCCEEDED":
            return "PENDING_REDRIVE", "the last run failed"
        if self.is_current:
            return "OK", "no drift"
        if self.is_in_service and self.latest and self.latest.outcome == NO_ENDPOINT:
            return "Nothing compared", "not compared yet"
        return "Nothing compared", (self.latest.shortage if self.latest else "") or "nothing compared yet"


def verdict(runs: Sequence[Run], state: State | None, is_in_service: bool = False) -> Verdict:
    """Judge by the runs, the newest first. Those that judge the quality say nothing about drift."""
    ended = [run for run in runs if not run.is_quality and run.status != "RUNNING"]
    compared = next((run for run in ended if run.has_compared), None)
    return Verdict(next(iter(ended), None), compared, state, is_in_service)


async def is_in_service(aws: Aws, workflow: Workflow) -> bool:
    """Whether the workflow's endpoint answers requests now."""
    try:
        return (await endpoints.described(aws, workflow.endpoint)).status in SERVING
    except ConsoleError:
        return False  # it is not there, or the role may not describe it


async def job_of(aws: Aws, workflow: Workflow, runs: Sequence[Run], shown: Verdict) -> str:
    """Return the processing job of the last comparison, which names its folder; empty if it is not known."""
    if shown.compared is None:
        return ""
    analyzed = next((run for run in runs if run.is_analyzed and not run.is_quality), None)
    if shown.state and analyzed is shown.compared:
        return shown.state.run  # the state is that of the last run that analyzed something
    arn = f"{workflow.monitor.replace(':stateMachine:', ':execution:')}:{shown.compared.name}"
    try:
        answer = await aws.call(
            "stepfunctions", "get_execution_history", NAMED_S, executionArn=arn, maxResults=FIRST_EVENTS
        )
        exited = next(each["stateExitedEventDetails"] for each in answer["events"] if "stateExitedEventDetails" in each)
        return str(json.loads(exited["output"])["name"])
    except (ConsoleError, StopIteration, ValueError, LookupError, TypeError):
        return ""  # the history is gone
