"""The collections of experiments, as one object."""

from __future__ import annotations

from typing import Any

from sagemaker_emulator.experiments.descriptions import describe_trial_component
from sagemaker_emulator.experiments.experiments import Experiments
from sagemaker_emulator.experiments.metric_points import MetricPoints
from sagemaker_emulator.experiments.trial_components import TrialComponents
from sagemaker_emulator.experiments.trials import Trials
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.tracking.experiment import Source, Trial
from sagemaker_emulator.resources.tracking.trial_component import TrialComponent
from sagemaker_emulator.storage.store import Store


class Tracking:
    """Experiments, trials and their components."""

    def __init__(self, store: Store, arns: Arns) -> None:
        self._store, self._points = store, MetricPoints(store)
        self.experiments = Experiments(store, arns)
        self.components = TrialComponents(store, arns)
        self.trials = Trials(store, arns, self.experiments, self.components)

    def describe_component(self, component: TrialComponent) -> dict[str, Any]:
        return describe_trial_component(component, self._points.summaries(component.name))

    def put_metrics(self, component: str, data: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Store values that a program has logged; return the errors of those that are refused."""
        return self._points.put(self.components.get(component).name, data)

    def metric_series(self, query: dict[str, Any]) -> dict[str, Any]:
        """Return the result of one query of BatchGetMetrics."""
        return self._points.series(self.components.get(query["ResourceArn"]).name, query)

    def trial_for(self, experiment: str, trial: str, sources: tuple[Source, Source]) -> Trial:
        """Return a trial of an experiment; both are created, with their sources, if they do not exist."""
        with self._store.transaction():
            if not self._store.has_arn(self.experiments.arn_of(experiment)):
                self.experiments.create({"ExperimentName": experiment}, {}, sources[0])
            if not self._store.has_arn(self.trials.arn_of(trial)):
                self.trials.create({"ExperimentName": experiment, "TrialName": trial}, {}, sources[1])
            return self.trials.get(trial)
