"""Experiments: created, described, listed, updated, deleted."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from sagemaker_emulator.errors import validation
from sagemaker_emulator.lineage.tracked_entities import TrackedEntities
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.tracking.experiment import Experiment, Source, Trial
from sagemaker_emulator.storage.listing import Page, created_between, in_json, page
from sagemaker_emulator.storage.store import Store


class Experiments(TrackedEntities[Experiment]):
    noun: ClassVar[str] = "Experiment"

    def __init__(self, store: Store, arns: Arns) -> None:
        super().__init__(store, arns, Experiment)

    def create(self, request: dict[str, Any], tags: dict[str, str], source: Source | None = None) -> Experiment:
        name, now = request["ExperimentName"], time.time()
        shown = request.get("DisplayName", name)
        experiment = Experiment(name, self.arn_of(name), now, now, shown, request.get("Description"), source)
        return self._add(experiment, tags)

    def update(self, request: dict[str, Any]) -> Experiment:
        experiment = self.get(request["ExperimentName"])
        return self._change(experiment.name, lambda one: one.updated(request, time.time()))

    def remove(self, name: str) -> Experiment:
        """Delete an experiment. ValidationException while it has trials."""
        with self._store.transaction():
            experiment = self.get(name)
            sql, parameters = in_json("$.experiment", experiment.name)
            if self._store.select(Trial, sql, parameters, "name", 1):
                raise validation(f"Experiment '{experiment.arn}' is linked to 1 or more trials and cannot be deleted.")
            self.delete(experiment.name)
        return experiment

    def page(self, request: dict[str, Any]) -> Page:
        return page(self._store, Experiment, created_between(request))
