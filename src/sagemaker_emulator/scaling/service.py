"""Application Auto Scaling of one account and region: build its parts, start and close them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sagemaker_emulator.aws_clients.clients import AwsClients
from sagemaker_emulator.hosting.components.collection import InferenceComponents
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.scaling.scalable_target import ScalableTarget
from sagemaker_emulator.scaling.activities import ScalingActivities
from sagemaker_emulator.scaling.capacities import Capacities, Invocations
from sagemaker_emulator.scaling.metrics import CloudWatchMetrics
from sagemaker_emulator.scaling.policies import ScalingPolicies
from sagemaker_emulator.scaling.scaler import Scaler
from sagemaker_emulator.scaling.scheduled_actions import ScheduledActions
from sagemaker_emulator.scaling.targets import ScalableTargets
from sagemaker_emulator.storage.store import Store


class Scaling:
    """`clock` returns epoch seconds; `minute_s` is how long a minute of a policy takes here."""

    def __init__(
        self,
        store: Store,
        arns: Arns,
        aws: AwsClients,
        endpoints: Endpoints,
        components: InferenceComponents,
        invocations: Invocations,
        minute_s: float,
        clock: Callable[[], float],
    ) -> None:
        self.targets = ScalableTargets(store, arns, Capacities(endpoints, components, invocations), clock)
        self.policies = ScalingPolicies(store, arns, self.targets)
        self.scheduled_actions = ScheduledActions(store, arns, self.targets, clock)
        self.activities = ScalingActivities(store, arns, clock)
        metrics = CloudWatchMetrics(lambda: aws.alarms)
        run_due = self.scheduled_actions.run_due
        self._scaler = Scaler(self.targets, self.policies, self.activities, metrics, run_due, minute_s, clock)

    def register(self, request: dict[str, Any], tags: dict[str, str]) -> ScalableTarget:
        """Register a target, and evaluate its policies from now on."""
        target = self.targets.register(request, tags)
        self._scaler.start()
        return target

    def recover(self) -> None:
        """Go on with the targets of an earlier emulator."""
        self.activities.remove_old()
        if self.targets.all():
            self._scaler.start()

    def close(self) -> None:
        self._scaler.close()
