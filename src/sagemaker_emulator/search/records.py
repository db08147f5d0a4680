"""The resources of each type that Search knows, as SearchRecord has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.experiments import descriptions as experiments
from sagemaker_emulator.experiments.service import Tracking
from sagemaker_emulator.hosting.descriptions import describe_endpoint, describe_model
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.pipelines import descriptions as pipelines
from sagemaker_emulator.pipelines.executions import PipelineExecutions
from sagemaker_emulator.registry.descriptions import describe_model_package, describe_model_package_group
from sagemaker_emulator.resources.endpoint import Endpoint
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.resources.model_building.execution import PipelineExecution
from sagemaker_emulator.resources.model_building.pipeline import Pipeline, PipelineVersion
from sagemaker_emulator.resources.model_package import ModelPackage, ModelPackageGroup
from sagemaker_emulator.resources.tracking.experiment import Experiment, Trial, TrialMembership
from sagemaker_emulator.resources.tracking.trial_component import TrialComponent
from sagemaker_emulator.resources.training_job import TrainingJob
from sagemaker_emulator.resources.tuning_job import TuningJob
from sagemaker_emulator.storage.store import NotFound, Resource, Store
from sagemaker_emulator.training.descriptions import describe_training_job
from sagemaker_emulator.tuning.descriptions import describe_tuning_job
from sagemaker_emulator.tuning.jobs import TuningJobs
from sagemaker_emulator.wire import AwsError

Record = dict[str, Any]
Describe = Callable[[Any], Record]


@dataclass(frozen=True)
class RecordType:
    """How Search shows one type. `member` is its name in SearchRecord, `shape` the model's name of its structure."""

    resource: type[Resource]
    member: str
    shape: str
    describe: Describe


class Records:
    """The records of all types."""

    def __init__(
        self,
        store: Store,
        tracking: Tracking,
        endpoints: Endpoints,
        tuning_jobs: TuningJobs,
        executions: PipelineExecutions,
    ) -> None:
        self._store, self._tracking, self._endpoints = store, tracking, endpoints
        self._tuning_jobs, self._executions = tuning_jobs, executions
        self.types: Mapping[str, RecordType] = {
            "TrainingJob": _type(TrainingJob, "TrainingJob", describe_training_job),
            "HyperParameterTuningJob": RecordType(
                TuningJob, "HyperParameterTuningJob", "HyperParameterTuningJobSearchEntity", self._tuning_job
            ),
            "Experiment": _type(Experiment, "Experiment", experiments.describe_experiment),
            "ExperimentTrial": _type(Trial, "Trial", experiments.describe_trial),
            "ExperimentTrialComponent": _type(TrialComponent, "TrialComponent", tracking.describe_component),
            "Endpoint": _type(Endpoint, "Endpoint", self._endpoint),
            "Model": RecordType(Model, "Model", "ModelDashboardModel", lambda model: {"Model": describe_model(model)}),
            "ModelPackage": _type(ModelPackage, "ModelPackage", describe_model_package),
            "ModelPackageGroup": _type(ModelPackageGroup, "ModelPackageGroup", describe_model_package_group),
            "Pipeline": _type(Pipeline, "Pipeline", self._pipeline),
            "PipelineExecution": _type(PipelineExecution, "PipelineExecution", self._execution),
            "PipelineVersion": _type(PipelineVersion, "PipelineVersion", self._version),
        }

    def of(self, type_: RecordType) -> Iterator[Record]:
        """Yield the records of a type, the oldest first, with their tags and their place in experiments."""
        complete = self._completion(type_)
        for resource in self._store.all(type_.resource):
            try:
                record = type_.describe(resource)
            except (AwsError, NotFound):
                if self._store.has_arn(resource.arn):
                    raise
                continue  # it was deleted meanwhile
            complete(resource, record)
            tagged = record["Model"] if type_.resource is Model else record
            tagged["Tags"] = [{"Key": key, "Value": value} for key, value in self._store.tags(resource.arn).items()]
            yield record

    def _completion(self, type_: RecordType) -> Callable[[Any, Record], None]:
        """Return the function that adds the parents of a component, or the components of a trial, to a record."""
        if type_.resource is TrialComponent:
            trials = _grouped(self._store, "component")
            return lambda component, record: record.update(Parents=_parents(trials[component.name]))
        if type_.resource is Trial:
            components = _grouped(self._store, "trial")
            return lambda trial, record: record.update(TrialComponentSummaries=self._summaries(components[trial.name]))
        return lambda _, __: None

    def _summaries(self, members: list[TrialMembership]) -> list[Record]:
        found = [self._tracking.components.find(member.component) for member in members]
        return [experiments.summarize_trial_component(component) for component in found if component]

    def _tuning_job(self, job: TuningJob) -> Record:
        return describe_tuning_job(job, self._tuning_jobs.results(job))

    def _endpoint(self, endpoint: Endpoint) -> Record:
        return describe_endpoint(endpoint, self._endpoints.live(endpoint.name))

    def _pipeline(self, pipeline: Pipeline) -> Record:
        return pipelines.describe_pipeline(pipeline, self._executions.pipelines.version(pipeline))

    def _execution(self, execution: PipelineExecution) -> Record:
        version = self._executions.version_of(execution)
        values = [{"Name": name, "Value": value} for name, value in execution.parameters.items()]
        described = pipelines.describe_execution(execution, version, self._executions.experiment_of(execution))
        return {**described, "PipelineParameters": values}

    def _version(self, version: PipelineVersion) -> Record:
        pipeline = self._executions.pipelines.get(version.name.partition("/")[0])
        summary = pipelines.summarize_version(pipeline, version)
        return {**summary, "LastExecutedPipelineExecutionArn": version.last_execution_arn}


def _type(resource: type[Resource], member: str, describe: Describe) -> RecordType:
    return RecordType(resource, member, member, describe)


def _grouped(store: Store, by: str) -> dict[str, list[TrialMembership]]:
    grouped: dict[str, list[TrialMembership]] = defaultdict(list)
    for member in store.all(TrialMembership):
        grouped[getattr(member, by)].append(member)
    return grouped


def _parents(members: list[TrialMembership]) -> list[Record]:
    return [{"TrialName": member.trial, "ExperimentName": member.experiment} for member in members]
