"""PutScheduledAction, DescribeScheduledActions, DeleteScheduledAction, and the run of actions that are due.

An action changes the limits of its target; the scaler then brings the capacity inside them. A time that passed while
the emulator was down is made up for once. One-time actions, and those past their EndTime, are removed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.scaling.scalable_target import ScalableTarget
from sagemaker_emulator.resources.scaling.scheduled_action import ScheduledAction
from sagemaker_emulator.scaling.collection import TargetParts, part_name
from sagemaker_emulator.scaling.records import require_namespace
from sagemaker_emulator.scaling.schedules import Schedule, ScheduleError, parse_schedule
from sagemaker_emulator.scaling.targets import ScalableTargets
from sagemaker_emulator.storage.store import NotFound, Store

SUSPENDED = "ScheduledScalingSuspended"

log = logging.getLogger(__name__)


class ScheduledActions(TargetParts[ScheduledAction]):
    """The scheduled actions of all targets. `clock` returns epoch seconds."""

    NOUN, NAME, LIST = "scheduled action", "ScheduledActionName", "ScheduledActions"
    ARN_TYPES = ("scheduledAction", "scheduledActionName")
    QUOTA = 200  # AWS's

    def __init__(self, store: Store, arns: Arns, targets: ScalableTargets, clock: Callable[[], float]) -> None:
        super().__init__(store, arns, targets, ScheduledAction)
        self._clock = clock

    def put(self, request: dict[str, Any]) -> ScheduledAction:
        """Add an action, or change the one of this name. As on AWS, times that are left out are deleted."""
        require_namespace(request)
        with self._store.transaction():
            target = self._targets.require(request, "scalable target registered")
            current = self.find(part_name(target, request["ScheduledActionName"]))
            action = self._put_together(target, request, current)
            if current:
                return self._change(action.name, lambda _: action)
            self._require_quota(target)
            return self._add(action, {})

    def run_due(self) -> None:
        """Run the actions whose time has come."""
        now = self._clock()
        for action in self._store.all(ScheduledAction):
            if action.due <= now:
                with suppress(NotFound):  # deleted meanwhile
                    self._run(action, now)

    def _run(self, action: ScheduledAction, now: float) -> None:
        with self._store.transaction():
            target = self._targets.find(action.resource_id, action.dimension)
            is_in_time = action.end is None or action.due <= action.end
            if target and is_in_time and not target.suspends(SUSPENDED):
                self._set_limits(target, action)
            following = _schedule(action).next_after(now)
            if following is None or (action.end is not None and following > action.end):
                self._store.remove(ScheduledAction, action.name)
            else:
                self._store.change(ScheduledAction, action.name, lambda one: replace(one, due=following))

    def _set_limits(self, target: ScalableTarget, action: ScheduledAction) -> None:
        minimum = action.limits.get("MinCapacity", target.minimum)
        maximum = action.limits.get("MaxCapacity", target.maximum)
        if maximum < minimum:
            log.warning("scheduled action %s: MaxCapacity %d is below MinCapacity", action.action_name, maximum)
            return
        log.info("scheduled action %s: %d to %d of %s", action.action_name, minimum, maximum, target.resource_id)
        self._store.change(ScalableTarget, target.name, lambda one: replace(one, minimum=minimum, maximum=maximum))

    def _put_together(
        self, target: ScalableTarget, request: dict[str, Any], current: ScheduledAction | None
    ) -> ScheduledAction:
        limits = request.get("ScalableTargetAction", current.limits if current else {})
        _refuse_bad_limits(limits)
        schedule = request.get("Schedule", current.schedule if current else None)
        if schedule is None:
            raise validation("Schedule is required for a new scheduled action.")
        name, now = request["ScheduledActionName"], self._clock()
        action = ScheduledAction(
            part_name(target, name),
            current.arn if current else self._new_arn(target, name),
            name,
            target.resource_id,
            target.dimension,
            schedule,
            limits,
            now,
            current.created if current else now,
            request.get("Timezone", current.timezone if current else None),
            request.get("StartTime"),
            request.get("EndTime"),
        )
        return replace(action, due=_first_run(action, now))


def _schedule(action: ScheduledAction) -> Schedule:
    base = action.created if action.start is None else action.start
    return parse_schedule(action.schedule, action.timezone, base)


def _first_run(action: ScheduledAction, now: float) -> float:
    """Return when an action runs first: at its StartTime, or as its schedule says. ValidationException if never.

    Source: user guide, "Schedule recurring scaling actions".
    """
    try:
        first = _schedule(action).next_after(now)
    except ScheduleError as error:
        raise validation(str(error)) from error
    is_one_time = action.schedule.startswith("at(")
    if action.start is not None and action.start > now and not is_one_time:
        first = action.start
    if first is None or (action.end is not None and first > action.end):
        raise validation(
            f"The scheduled action {action.action_name} would never run: {action.schedule} has no time left."
        )
    return first


def _refuse_bad_limits(limits: dict[str, int]) -> None:
    """The words of the first two are AWS's, as users have published them."""
    minimum, maximum = limits.get("MinCapacity"), limits.get("MaxCapacity")
    if minimum is None and maximum is None:
        raise validation("At least one of minimum capacity and maximum capacity should be provided")
    if minimum is not None and maximum is not None and maximum < minimum:
        raise validation("Maximum capacity cannot be less than minimum capacity")
    if min(one for one in (minimum, maximum) if one is not None) < 0:
        raise validation(f"Capacities must not be negative: {limits}.")
