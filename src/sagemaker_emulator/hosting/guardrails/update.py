"""One update of an endpoint under way: its two deployments, its stage, and the waits in which alarms are watched."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from sagemaker_emulator.hosting.deployments import Deployment
from sagemaker_emulator.hosting.guardrails.alarms import AlarmWatch
from sagemaker_emulator.hosting.guardrails.policy import Policy
from sagemaker_emulator.hosting.guardrails.traffic import TrafficSplit
from sagemaker_emulator.resources.endpoint import Endpoint, Revision

POLL_S = 0.5  # between two readings of the alarms: a rollback begins at most this long after an alarm, plus one answer


class Stage(StrEnum):
    """VariantStatus of a variant that an update brings."""

    CREATING = "Creating"
    UPDATING = "Updating"
    ACTIVATING_TRAFFIC = "ActivatingTraffic"
    BAKING = "Baking"


class RollBack(Exception):
    """The update has to be undone; the text is the endpoint's FailureReason."""


class Closing(Exception):
    """The emulator is closing while a change is under way."""


@dataclass
class Update:
    """One update under way, in its thread. `old` is None if nothing served the endpoint.

    Requests read `split` on the event loop; it is only ever replaced. None: all of them go to the old deployment.
    """

    revision: Revision
    policy: Policy
    alarms: AlarmWatch
    old: Deployment | None
    start: Callable[[Revision], Deployment]
    closing: threading.Event
    on_stage: Callable[[Update], None] = lambda _: None
    new: Deployment | None = None
    split: TrafficSplit | None = None
    new_share: float = 0.0
    stage: Stage = Stage.CREATING
    stage_began: float = field(default_factory=time.time)

    def enter(self, stage: Stage) -> None:
        self.stage, self.stage_began = stage, time.time()
        self.on_stage(self)

    def send(self, new_share: float) -> None:
        """Send a share of the requests to the new deployment, from the next request on."""
        assert self.new is not None
        old = self.old or self.new
        old.compare()
        self.new.compare()
        self.new_share = new_share
        self.split = TrafficSplit(old, self.new, new_share)
        self.enter(Stage.ACTIVATING_TRAFFIC)

    def bake(self) -> None:
        """Wait for the policy's interval. Raise RollBack once an alarm trips or the update takes too long."""
        self.enter(Stage.BAKING)
        until = time.monotonic() + self.policy.wait_s
        while (left_s := until - time.monotonic()) > 0:
            self.require_health()
            if self.closing.wait(min(left_s, POLL_S)):
                raise Closing
        self.require_health()

    def require_health(self) -> None:
        """Raise RollBack if an alarm is in ALARM or the time of the update is up."""
        timeout_s = self.policy.timeout_s
        if timeout_s is not None and time.time() - self.revision.started > timeout_s:
            raise RollBack(f"The update did not finish within MaximumExecutionTimeoutInSeconds ({timeout_s:g}).")
        if self.alarms and (reason := self.alarms.tripped()):
            raise RollBack(reason)


@dataclass(frozen=True)
class DeploymentState:
    """An endpoint right after its update entered a stage, for an event. `update` is a copy that stays in the stage."""

    endpoint: Endpoint
    update: Update

    @property
    def arn(self) -> str:
        return self.endpoint.arn
