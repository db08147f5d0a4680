"""The events of state changes. Their detail is what Describe answers at that moment, with other times and statuses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.hosting.descriptions import describe_endpoint
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.hosting.guardrails.update import DeploymentState
from sagemaker_emulator.pipelines.descriptions import execution_event, step_event
from sagemaker_emulator.processing.descriptions import describe_processing_job
from sagemaker_emulator.registry.descriptions import describe_model_package
from sagemaker_emulator.resources.endpoint import Endpoint
from sagemaker_emulator.resources.model_building.execution import PipelineExecution, StepExecution
from sagemaker_emulator.resources.model_package import ModelPackage
from sagemaker_emulator.resources.processing_job import ProcessingJob
from sagemaker_emulator.resources.training_job import TrainingJob
from sagemaker_emulator.resources.transform_job import TransformJob
from sagemaker_emulator.resources.tuning_job import TuningJob
from sagemaker_emulator.storage.store import Resource, Store
from sagemaker_emulator.training.descriptions import describe_training_job
from sagemaker_emulator.transform.descriptions import describe_transform_job
from sagemaker_emulator.tuning.descriptions import describe_tuning_job
from sagemaker_emulator.tuning.jobs import TuningJobs
from sagemaker_emulator.wire.model import Shape, service_model


@dataclass(frozen=True)
class Event:
    """One event for EventBridge. `detail` is JSON; `parents` are the ARNs before its own in the event's resources."""

    detail_type: str
    arn: str
    detail: str
    parents: tuple[str, ...] = ()


class StateChangeEvents:
    """Events that describe resources as they were right after a change; the store may have newer states."""

    def __init__(self, store: Store, endpoints: Endpoints, tuning_jobs: TuningJobs) -> None:
        self._store, self._endpoints, self._tuning_jobs = store, endpoints, tuning_jobs

    def event_of(self, resource: Resource | DeploymentState) -> Event | None:
        """Return the event of a resource that has just changed, or None for a kind that has no events."""
        match resource:
            case Endpoint() | DeploymentState():
                return self._of_endpoint(resource)
            case TrainingJob():
                return self._event("Training Job", "TrainingJob", resource, describe_training_job(resource))
            case TransformJob():
                return self._event("Transform Job", "TransformJob", resource, describe_transform_job(resource))
            case ProcessingJob():
                return self._event("Processing Job", "ProcessingJob", resource, describe_processing_job(resource))
            case TuningJob():
                description = describe_tuning_job(resource, self._tuning_jobs.results(resource))
                return self._event("HyperParameter Tuning Job", "HyperParameterTuningJob", resource, description)
            case ModelPackage():
                return self._event("Model Package", "ModelPackage", resource, describe_model_package(resource))
            case PipelineExecution() | StepExecution():
                return _of_pipeline(resource)
        return None

    def _of_endpoint(self, resource: Endpoint | DeploymentState) -> Event:
        """Return the event of an endpoint, with IN_SERVICE where AWS writes InService everywhere but in events."""
        if isinstance(resource, DeploymentState):
            title, endpoint, update = "Endpoint Deployment", resource.endpoint, resource.update
        else:
            title, endpoint, update = "Endpoint", resource, None
        description = describe_endpoint(endpoint, self._endpoints.live(endpoint.name), update)
        return self._event(title, "Endpoint", endpoint, description, EndpointStatus=endpoint.status.name)

    def _event(
        self, title: str, described_as: str, resource: Resource, description: dict[str, Any], **members: str
    ) -> Event:
        output = service_model("sagemaker").operation(f"Describe{described_as}").output
        assert output is not None
        detail = {**in_milliseconds(output, description), "Tags": self._store.tags(resource.arn), **members}
        return Event(f"SageMaker {title} State Change", resource.arn, json.dumps(detail))


def _of_pipeline(resource: PipelineExecution | StepExecution) -> Event:
    title, parents = "SageMaker Model Building Pipeline Execution", (resource.pipeline_arn,)
    if isinstance(resource, StepExecution):
        detail = json.dumps(step_event(resource))
        return Event(f"{title} Step Status Change", resource.execution_arn, detail, parents)
    return Event(f"{title} Status Change", resource.arn, json.dumps(execution_event(resource)), parents)


def in_milliseconds(shape: Shape, value: Any) -> Any:
    """Return a description with its times as events have them: epoch milliseconds."""
    match shape.type:
        case "structure":
            members = shape.members
            return {
                name: in_milliseconds(members[name].shape, part)
                for name, part in value.items()
                if name in members and part is not None
            }
        case "list":
            return [in_milliseconds(shape.item.shape, part) for part in value]
        case "map":
            return {name: in_milliseconds(shape.value.shape, part) for name, part in value.items()}
        case "timestamp":
            return int(value * 1000)
    return value
