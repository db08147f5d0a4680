"""The trial component that every training, processing and transform job has.

Both methods run in the transaction that stores the job or its change.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from sagemaker_emulator.experiments.job_components import (
    component_name,
    facts_of,
    inputs_of,
    is_tracked,
    outputs_of,
    source_of,
    tracked,
)
from sagemaker_emulator.experiments.service import Tracking
from sagemaker_emulator.lineage.automatic import AutomaticLineage
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.job import Job, JobStatus
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.resources.tracking.experiment import Trial
from sagemaker_emulator.resources.tracking.trial_component import TrialComponent
from sagemaker_emulator.storage.store import NotFound, Store


class JobTracking:
    """Keeps the components of jobs."""

    def __init__(self, store: Store, arns: Arns) -> None:
        self._arns = arns
        self._store, self._tracking, self._lineage = store, Tracking(store, arns), AutomaticLineage(store, arns)

    def began(self, job: Job, tags: dict[str, str]) -> None:
        """Add the component of a new job, and add it to the trial of its ExperimentConfig.

        ResourceNotFound if the config names an experiment, trial or run that does not exist.
        """
        if is_tracked(job):
            config = job.request.get("ExperimentConfig", {})
            component = self._added(job, tags, config)
            self._lineage.contributed(inputs_of(facts_of(job)), component.arn)
            if trial := self._trial(job, config):
                self._tracking.trials.associate(trial, component.name)
            if run := config.get("RunName"):
                self._add_source(run, job)

    def changed(self, job: Job) -> None:
        """Bring the component up to date, unless somebody has deleted it."""
        if is_tracked(job):
            with suppress(NotFound):
                component = self._store.change(TrialComponent, component_name(job), lambda one: self._tracked(one, job))
                if job.status is JobStatus.COMPLETED:
                    self._lineage.produced(component.arn, outputs_of(facts_of(job)))

    def _added(self, job: Job, tags: dict[str, str], config: dict[str, Any]) -> TrialComponent:
        """Store the component. It replaces that of an earlier job of the same name, which was deleted."""
        name, source = component_name(job), source_of(job)
        shown = config.get("TrialComponentDisplayName", name)
        arn = self._tracking.components.arn_of(name)
        component = TrialComponent(name, arn, job.created, job.modified, shown, source, (source,))
        with suppress(NotFound):
            self._tracking.components.discard(name)
            self._lineage.forget(arn)
        self._store.add(self._tracked(component, job), tags)
        return component

    def _tracked(self, component: TrialComponent, job: Job) -> TrialComponent:
        model = None
        if name := job.request.get("ModelName"):
            with suppress(NotFound):
                model = self._store.by_arn(Model, self._arns.of(Model.kind, name))
        return tracked(component, job, model)

    def _trial(self, job: Job, config: dict[str, Any]) -> str | None:
        """Return the name of the trial for a job: the one that its config names, or a new one of its experiment."""
        trial, experiment = config.get("TrialName"), config.get("ExperimentName")
        if experiment and not trial:
            trial = f"{job.name}-aws-trial"
            with suppress(NotFound):  # an earlier job of the same name, which was deleted, may have left its trial
                earlier = self._store.by_arn(Trial, self._tracking.trials.arn_of(trial))
                if earlier.experiment.lower() == experiment.lower():
                    return trial
            self._tracking.trials.create({"TrialName": trial, "ExperimentName": experiment}, {}, source_of(job))
        elif experiment:
            self._tracking.experiments.get(experiment)
        return trial

    def _add_source(self, run: str, job: Job) -> None:
        component = self._tracking.components.get(run)
        self._store.change(TrialComponent, component.name, lambda one: one.with_source(source_of(job), time.time()))
