"""Trials: created, described, listed, updated, deleted."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from sagemaker_emulator.errors import resource_not_found, validation
from sagemaker_emulator.experiments.experiments import Experiments
from sagemaker_emulator.experiments.memberships import Memberships, components_of, trials_with
from sagemaker_emulator.experiments.trial_components import TrialComponents
from sagemaker_emulator.lineage.tracked_entities import TrackedEntities
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.tracking.experiment import Source, Trial
from sagemaker_emulator.resources.tracking.trial_component import TrialComponent
from sagemaker_emulator.storage.listing import Filter, Page, created_between, in_json, page
from sagemaker_emulator.storage.store import Store

ONE_OF = ("ExperimentName", "TrialName", "SourceArn")


class Trials(TrackedEntities[Trial]):
    """The trials. Each belongs to one experiment and has components."""

    noun: ClassVar[str] = "Trial"

    def __init__(self, store: Store, arns: Arns, experiments: Experiments, components: TrialComponents) -> None:
        super().__init__(store, arns, Trial)
        self._experiments, self._components = experiments, components
        self._memberships = Memberships(store)

    def create(self, request: dict[str, Any], tags: dict[str, str], source: Source | None = None) -> Trial:
        name, now = request["TrialName"], time.time()
        with self._store.transaction():
            experiment = self._experiments.get(request["ExperimentName"])
            shown, metadata = request.get("DisplayName", name), request.get("MetadataProperties", {})
            return self._add(Trial(name, self.arn_of(name), now, now, shown, experiment.name, metadata, source), tags)

    def update(self, request: dict[str, Any]) -> Trial:
        trial = self.get(request["TrialName"])
        return self._change(trial.name, lambda one: one.updated(request, time.time()))

    def remove(self, name: str) -> Trial:
        """Delete a trial. ValidationException while it has components."""
        with self._store.transaction():
            trial = self.get(name)
            if self._memberships.of_trial(trial.name):
                raise validation(f"Trial '{trial.arn}' is linked to 1 or more trial components and cannot be deleted.")
            self.delete(trial.name)
        return trial

    def page(self, request: dict[str, Any]) -> Page:
        filters: list[Filter] = []
        if name := request.get("ExperimentName"):
            filters.append(in_json("$.experiment", self._experiments.get(name).name))
        if name := request.get("TrialComponentName"):
            filters.append(trials_with(self._components.get(name).name))
        return page(self._store, Trial, created_between(request), filters=filters)

    def associate(self, trial: str, component: str) -> tuple[Trial, TrialComponent]:
        """Add a component to a trial. One that it has already stays."""
        with self._store.transaction():
            found = self.get(trial), self._components.get(component)
            self._memberships.add(*found)
        return found

    def disassociate(self, trial: str, component: str) -> tuple[Trial, TrialComponent]:
        """Remove a component from a trial; the component itself stays."""
        with self._store.transaction():
            found = self.get(trial), self._components.get(component)
            if not self._memberships.remove(*found):
                raise resource_not_found(f"TrialComponent '{found[1].arn}' is not associated with '{found[0].arn}'.")
        return found

    def components_page(self, request: dict[str, Any]) -> Page:
        """Return a page of components: of an experiment, of a trial, of a source, or of all."""
        asked = [name for name in ONE_OF if name in request]
        if len(asked) > 1:
            raise validation(f"Only one of {', '.join(ONE_OF)} can be specified, not {' and '.join(asked)}.")
        filters = [self._components_filter(name, request[name]) for name in asked]
        return page(self._store, TrialComponent, created_between(request), filters=filters)

    def _components_filter(self, member: str, value: str) -> Filter:
        if member == "ExperimentName":
            return components_of("experiment", self._experiments.get(value).name)
        if member == "TrialName":
            return components_of("trial", self.get(value).name)
        return in_json("$.source.arn", value.lower())
