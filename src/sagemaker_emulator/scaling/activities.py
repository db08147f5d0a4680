"""The scaling activities: recorded when they begin, and ended when the capacity is reached or cannot be."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.scaling.scalable_target import ScalableTarget
from sagemaker_emulator.resources.scaling.scaling_activity import IN_PROGRESS, ScalingActivity
from sagemaker_emulator.scaling.records import matches, page_of, require_namespace
from sagemaker_emulator.storage.listing import in_json
from sagemaker_emulator.storage.store import NotFound, Store

KEPT = 100  # activities of one resource
OLD_MAX = 1000  # removed at once
KEPT_S = 6 * 7 * 24 * 3600.0  # AWS lists the activities of the last six weeks


class ScalingActivities:
    """`clock` returns epoch seconds."""

    def __init__(self, store: Store, arns: Arns, clock: Callable[[], float]) -> None:
        self._store, self._arns, self._clock = store, arns, clock

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the activities, the newest first. NotScaledReasons are not recorded."""
        require_namespace(request)
        self.remove_old()
        chosen = [one.described() for one in reversed(self._store.all(ScalingActivity)) if matches(one, request)]
        return page_of("ScalingActivities", chosen, request)

    def begin(
        self, target: ScalableTarget, noun: str, change: tuple[int, int], cause: str, now: float
    ) -> ScalingActivity:
        """Record that a capacity changes; `change` has the count before and the one that is wanted."""
        activity_id = str(uuid.uuid4())
        arn = f"arn:aws:application-autoscaling:{self._arns.region}:{self._arns.account_id}:activity/{activity_id}"
        activity = ScalingActivity(activity_id, arn, target.resource_id, target.dimension, noun, *change, cause, now)
        self._store.add(activity)
        self.remove_old()
        for old in self._newest(target.resource_id)[KEPT:]:
            self._store.remove(ScalingActivity, old.name)
        return activity

    def end(self, activity: ScalingActivity) -> None:
        self._store.change(ScalingActivity, activity.name, lambda _: activity)

    def of(self, target: ScalableTarget) -> list[ScalingActivity]:
        """Return the activities of a target since it was registered, the oldest first."""
        newest = self._newest(target.resource_id)
        return [one for one in reversed(newest) if one.target == target.name and one.created >= target.created]

    def remove_old(self) -> None:
        """Remove the activities of more than six weeks ago, also those whose target was deleted."""
        began_before = self._clock() - KEPT_S
        for old in self._store.select(ScalingActivity, "created < ?", (began_before,), "created", OLD_MAX):
            with suppress(NotFound):  # another thread has removed it
                self._store.remove(ScalingActivity, old.name)

    def _newest(self, resource_id: str) -> list[ScalingActivity]:
        """Return the newest activities of a resource: those that are kept, and one more."""
        sql, parameters = in_json("$.resource_id", resource_id)
        return self._store.select(ScalingActivity, sql, parameters, "created DESC", KEPT + 1)

    def in_progress(self, target: ScalableTarget) -> list[ScalingActivity]:
        return [one for one in self.of(target) if one.status == IN_PROGRESS]
