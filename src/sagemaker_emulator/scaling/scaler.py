"""The scaler: evaluates the policies of all scalable targets once a minute, and changes capacities.

Path of a minute (`tick`), for each target: end the activity whose capacity has been reached; bring a capacity that is
outside the target's limits inside; let each policy say what it wants; if one wants more, take the most; otherwise take
the most of those that want less and may scale in (`chosen_of`); keep to limits, suspensions and cooldowns; begin an
activity.

Scheduled actions change the limits of targets in between.

One thread runs it, from the first target on; an account without targets has no such thread. Targets, policies and
activities are in the store, so cooldowns and activities continue after a restart; rows of breaches begin anew.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sagemaker_emulator.resources.scaling.scalable_target import ScalableTarget
from sagemaker_emulator.resources.scaling.scaling_activity import FAILED, ScalingActivity
from sagemaker_emulator.resources.scaling.scaling_policy import STEP, TARGET_TRACKING, ScalingPolicy
from sagemaker_emulator.scaling.activities import ScalingActivities
from sagemaker_emulator.scaling.capacities import Capacity
from sagemaker_emulator.scaling.decisions import Breaches, stepped, tracked
from sagemaker_emulator.scaling.metrics import MINUTE_S, CloudWatchMetrics, InvocationRate
from sagemaker_emulator.scaling.policies import ScalingPolicies
from sagemaker_emulator.scaling.targets import ScalableTargets
from sagemaker_emulator.wire import AwsError

SCHEDULE_S = 1.0  # how often scheduled actions are looked at, at least
MINUTE_MIN_S = 0.05  # so that a setting of 0 does not keep a processor busy

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wish:
    """The capacity that a policy wants, and why."""

    policy: ScalingPolicy
    capacity: int
    alarm: str

    @property
    def cause(self) -> str:
        return f"monitor alarm {self.alarm} in state ALARM triggered policy {self.policy.policy_name}"


@dataclass
class Observation:
    """The rate and the breaches of a target, which the scaler keeps from one minute to the next."""

    rate: InvocationRate = field(default_factory=InvocationRate)
    breaches: dict[str, Breaches] = field(default_factory=dict)


class Scaler:
    """`minute_s` is how long a minute of a policy takes here; `clock` returns epoch seconds."""

    def __init__(
        self,
        targets: ScalableTargets,
        policies: ScalingPolicies,
        activities: ScalingActivities,
        metrics: CloudWatchMetrics,
        run_scheduled_actions: Callable[[], None],
        minute_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._targets, self._policies, self._activities, self._metrics = targets, policies, activities, metrics
        self._run_scheduled_actions = run_scheduled_actions
        self._minute_s, self._clock = max(minute_s, MINUTE_MIN_S), clock
        self._observed: dict[str, Observation] = {}
        self._closing, self._starting = threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to evaluate, unless that has begun."""
        with self._starting:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="auto scaling", daemon=True)
                self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread:
            self._thread.join()

    def tick(self) -> None:
        """Evaluate one minute."""
        targets = self._targets.all()
        self._observed = {one.name: self._observed.get(one.name, Observation()) for one in targets}
        for target in targets:
            try:
                self._attend(target, self._targets.capacity(target), self._observed[target.name])
            except AwsError as error:  # the endpoint was changed or deleted meanwhile
                log.info("scalable target %s: %s", target.resource_id, error)
            except Exception:  # the edge of a target: the others are scaled all the same
                log.exception("scalable target %s", target.resource_id)

    def _run(self) -> None:
        due = time.monotonic() + self._minute_s
        while not self._closing.wait(min(self._minute_s, SCHEDULE_S)):
            try:
                self._run_scheduled_actions()
                if time.monotonic() >= due:
                    due = time.monotonic() + self._minute_s
                    self.tick()
            except Exception:  # the edge of a thread: a full disk, for example, must not end all scaling
                log.exception("auto scaling")

    def _attend(self, target: ScalableTarget, capacity: Capacity, observed: Observation) -> None:
        current = capacity.current()
        if current is None:
            log.info("%s was deleted: its scalable target is deregistered", target.resource_id)
            for activity in self._activities.in_progress(target):
                self._activities.end(activity.failed(self._clock(), f"{target.resource_id} was deleted"))
            self._targets.remove(target)
            return
        rate = observed.rate.per_minute(capacity.invocations(), self._clock())
        is_free = capacity.obstacle() is None
        if is_free:
            self._end_activities(target, capacity, current)
        wishes = [(one, self._wish(one, current, rate, observed)) for one in self._policies.of(target)]
        if not is_free:
            return
        if target.clamped(current) != current:
            self._change(target, capacity, current, target.clamped(current), "capacity outside of the target's limits")
        elif chosen := chosen_of(wishes, current):
            self._carry_out(target, capacity, current, chosen)

    def _wish(self, policy: ScalingPolicy, current: int, rate: float | None, observed: Observation) -> Wish | None:
        """Return the capacity that a policy wants, or None if it wants no change."""
        configuration = policy.configuration
        if policy.policy_type == STEP:
            steps = [
                Wish(policy, stepped(current, breach, configuration), alarm)
                for alarm, breach in self._metrics.breaches(policy.arn)
            ]
            return max(steps, key=lambda wish: wish.capacity, default=None)
        customized, target_value = configuration.get("CustomizedMetricSpecification"), configuration["TargetValue"]
        per_instance = None if rate is None else rate / max(1, current)
        value = self._metrics.customized(customized) if customized else per_instance
        breaches = observed.breaches.setdefault(policy.name, Breaches())
        breaches.count(value, target_value)
        if value is None or breaches.alarm is None:
            return None
        alarm = f"TargetTracking-{policy.resource_id}-{breaches.alarm}"
        return Wish(policy, tracked(current, value, target_value, breaches.alarm), alarm)

    def _carry_out(self, target: ScalableTarget, capacity: Capacity, current: int, wish: Wish) -> None:
        wanted = target.clamped(wish.capacity)
        switch = "DynamicScalingOutSuspended" if wanted > current else "DynamicScalingInSuspended"
        if wanted == current or target.suspends(switch) or self._is_cooling(target, current, wanted, wish.policy):
            return
        self._change(target, capacity, current, wanted, wish.cause)

    def _is_cooling(self, target: ScalableTarget, current: int, wanted: int, policy: ScalingPolicy) -> bool:
        """Return whether a change in the same direction was too recent.

        Target tracking need not wait to go beyond the capacity of the last scale-out; steps would be added twice.
        """
        scales_out = wanted > current
        same = [one for one in self._activities.of(target) if one.scales_out is scales_out and one.status != FAILED]
        if not same or (scales_out and policy.policy_type == TARGET_TRACKING and wanted > same[-1].capacity):
            return False
        cooldown_s = policy.scale_out_cooldown_s if scales_out else policy.scale_in_cooldown_s
        ended = same[-1].ended or self._clock()
        return self._clock() - ended < cooldown_s * self._minute_s / MINUTE_S

    def _change(self, target: ScalableTarget, capacity: Capacity, current: int, wanted: int, cause: str) -> None:
        activity = self._activities.begin(target, capacity.noun, (current, wanted), cause, self._clock())
        log.info("%s: %s from %d to %d: %s", target.resource_id, capacity.noun, current, wanted, cause)
        try:
            capacity.set(wanted)
        except AwsError as error:
            self._activities.end(activity.failed(self._clock(), error.message))

    def _end_activities(self, target: ScalableTarget, capacity: Capacity, current: int) -> None:
        for activity in self._activities.in_progress(target):
            self._activities.end(_ended(activity, capacity, current, self._clock()))


def chosen_of(wishes: Sequence[tuple[ScalingPolicy, Wish | None]], current: int) -> Wish | None:
    """Return the wish to carry out: the one with the largest capacity, or the largest of those that may scale in.

    Target tracking policies scale in together: only if all of them that may scale in want less. A step scaling policy
    waits for no other. Source: "Multiple target tracking scaling policies", and "How step scaling works".
    """
    real = [wish for _, wish in wishes if wish is not None and wish.capacity != current]
    largest = max(real, key=lambda wish: wish.capacity, default=None)
    if largest is None or largest.capacity > current:
        return largest
    tracking = [wish for policy, wish in wishes if policy.policy_type == TARGET_TRACKING and policy.may_scale_in]
    is_joint = None not in tracking
    followed = [one for one in real if one.policy.may_scale_in and (is_joint or one.policy.policy_type == STEP)]
    return max(followed, key=lambda wish: wish.capacity, default=None)


def _ended(activity: ScalingActivity, capacity: Capacity, current: int, now: float) -> ScalingActivity:
    if current == activity.capacity:
        return activity.fulfilled(now)
    return activity.failed(now, capacity.failure())
