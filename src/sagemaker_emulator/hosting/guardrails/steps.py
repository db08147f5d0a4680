"""The steps of an update: blue/green with all at once, canary or linear traffic, and rolling in batches.

Blue/green: the whole new deployment starts beside the old one, takes its share of the traffic step by step, and after
each step the alarms are watched ("baking"). Rolling: each batch of new instances takes the traffic of the old instances
that it replaces, and they stop after its baking, so that an update needs only a batch of additional instances.
"""

from __future__ import annotations

import math
from typing import Protocol

from sagemaker_emulator.hosting.deployments import Deployment
from sagemaker_emulator.hosting.guardrails.policy import Kind
from sagemaker_emulator.hosting.guardrails.update import Stage, Update
from sagemaker_emulator.hosting.variants import Variant


class Steps(Protocol):
    def carry_out(self) -> None:
        """Move the whole traffic to a new deployment. Raises RollBack, Closing, or a failure to start."""

    def retreat(self) -> None:
        """Send the requests back to the old deployment at once, if it still has all of its instances."""

    def restore(self) -> None:
        """Bring the old instances back that have been stopped, and the traffic with them. Raises a failure to start."""


def steps_of(update: Update) -> Steps:
    if update.policy.kind is Kind.ROLLING and update.old:
        return Rolling(update, update.old)
    return BlueGreen(update)


class BlueGreen:
    def __init__(self, update: Update) -> None:
        self._update = update

    def carry_out(self) -> None:
        update = self._update
        update.new = update.start(update.revision)
        if update.old is None:  # nothing to return to
            update.send(1.0)
            return
        count = max(target.instance_count for target in update.revision.targets)
        for share in update.policy.shares(count):
            update.require_health()
            update.send(share)
            update.bake()

    def retreat(self) -> None:
        self._update.split = None

    def restore(self) -> None:
        """Do nothing: the old deployment has lost no instance."""


class Rolling:
    """The one variant of `old`, replaced batch by batch. Traffic is shared in proportion to the instances."""

    def __init__(self, update: Update, old: Deployment) -> None:
        self._update, self._old = update, _only_variant(old)
        self._old_count = len(self._old.instances)
        (self._target,) = update.revision.targets

    def carry_out(self) -> None:
        update, total = self._update, self._target.instance_count
        assert update.policy.step is not None
        batch = update.policy.step.instances_of(total)
        for count in (*range(batch, total, batch), total):
            update.require_health()
            self._grow_to(count)
            update.send(count / total)
            update.bake()
            if count < total:  # the caller stops the last ones together with the old deployment
                update.enter(Stage.UPDATING)
                self._old.scale_to(math.ceil(self._old_count * (total - count) / total))

    def retreat(self) -> None:
        if len(self._old.instances) == self._old_count:
            self._update.split = None

    def restore(self) -> None:
        update, total = self._update, self._old_count
        step = update.policy.rollback_step
        batch = step.instances_of(total) if step else total
        update.enter(Stage.UPDATING)
        while (count := len(self._old.instances)) < total:
            self._old.scale_to(min(count + batch, total))
            update.send(1 - len(self._old.instances) / total)
        update.split = None

    def _grow_to(self, count: int) -> None:
        update = self._update
        revision = update.revision.with_targets({}, {self._target.name: count})
        if update.new is None:
            update.new = update.start(revision)
        else:
            update.enter(Stage.CREATING)
            update.new.scale_to(revision)


def _only_variant(deployment: Deployment) -> Variant:
    (variant,) = deployment.variants.values()
    return variant
