"""Trial components: created, described, listed, updated, deleted."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from sagemaker_emulator.errors import validation
from sagemaker_emulator.experiments.memberships import Memberships
from sagemaker_emulator.experiments.metric_points import MetricPoints
from sagemaker_emulator.lineage.tracked_entities import TrackedEntities
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.tracking.trial_component import TrialComponent
from sagemaker_emulator.storage.store import Store

PARAMETERS_MAX = 300
ARTIFACTS_MAX = 60


class TrialComponents(TrackedEntities[TrialComponent]):
    noun: ClassVar[str] = "TrialComponent"

    def __init__(self, store: Store, arns: Arns) -> None:
        super().__init__(store, arns, TrialComponent)
        self._memberships, self._points = Memberships(store), MetricPoints(store)

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> TrialComponent:
        name, now = request["TrialComponentName"], time.time()
        metadata = request.get("MetadataProperties", {})
        blank = TrialComponent(name, self.arn_of(name), now, now, display_name=name, metadata=metadata)
        component = blank.updated(request, now)
        _refuse_values(component)
        return self._add(component, tags)

    def update(self, request: dict[str, Any]) -> TrialComponent:
        def updated(component: TrialComponent) -> TrialComponent:
            changed = component.updated(request, time.time())
            _refuse_values(changed)
            return changed

        return self._change(request["TrialComponentName"], updated)

    def remove(self, name: str) -> TrialComponent:
        """Delete a component. ValidationException while it belongs to a trial."""
        with self._store.transaction():
            component = self.get(name)
            if self._memberships.of_component(component.name):
                raise validation(
                    f"TrialComponent '{component.arn}' is linked to 1 or more trials and cannot be deleted."
                )
            self._points.clear(component.name)
            self.delete(component.name)
        return component

    def discard(self, name: str) -> None:
        """Delete a component with its metrics, and take it out of its trials. NotFound if there is none."""
        with self._store.transaction():
            self._store.remove(TrialComponent, name)
            self._memberships.forget(name)
            self._points.clear(name)


def _refuse_values(component: TrialComponent) -> None:
    counts = (
        ("Parameters", component.parameters, PARAMETERS_MAX),
        ("InputArtifacts", component.input_artifacts, ARTIFACTS_MAX),
        ("OutputArtifacts", component.output_artifacts, ARTIFACTS_MAX),
    )
    for member, values, most in counts:
        if len(values) > most:
            raise validation(f"{member} of a trial component can have at most {most} entries, not {len(values)}.")
    for name, value in component.parameters.items():
        if len(value) != 1:
            raise validation(f"Parameters.{name} needs one of NumberValue and StringValue.")
