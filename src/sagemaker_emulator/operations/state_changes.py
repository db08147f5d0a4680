"""State-change events: which resources have them, and their detail, which is Describe's answer at that moment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

from sagemaker_emulator.aws_clients.events import Event
from sagemaker_emulator.operations.registry import OPERATIONS
from sagemaker_emulator.resources.endpoint import Endpoint
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.storage.store import Resource
from sagemaker_emulator.wire.model import Shape, service_model


@dataclass(frozen=True)
class Described:
    """How one kind of resource is described: the operation, the member that names it, SageMaker's service."""

    detail_type: str
    operation: str
    name_member: str
    service: str


def _described(kind: str, spelt: str, service: str) -> Described:
    return Described(f"SageMaker {kind} State Change", f"Describe{spelt}", f"{spelt}Name", service)


DESCRIBED = {
    "endpoint": _described("Endpoint", "Endpoint", "endpoints"),
    "training-job": _described("Training Job", "TrainingJob", "training_jobs"),
    "transform-job": _described("Transform Job", "TransformJob", "transform_jobs"),
    "processing-job": _described("Processing Job", "ProcessingJob", "processing_jobs"),
    "hyper-parameter-tuning-job": _described("HyperParameter Tuning Job", "HyperParameterTuningJob", "tuning_jobs"),
    "model-package": _described("Model Package", "ModelPackage", "model_packages"),
}


class _Instead:
    """An object with some attributes in the place of its own."""

    def __init__(self, whole: Any, **instead: Any) -> None:
        self.__dict__.update(instead, _whole=whole)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)


def event_of(sagemaker: SageMaker, resource: Resource) -> Event | None:
    """The event of a resource that has just become what it is; by now it may be something else, or gone."""
    how = DESCRIBED.get(resource.kind)
    if how is None or how.operation not in OPERATIONS:
        return None
    service = _Instead(getattr(sagemaker, how.service), get=lambda _: resource)
    then = cast(SageMaker, _Instead(sagemaker, **{how.service: service}))
    said = OPERATIONS[how.operation](then, {how.name_member: resource.name})
    output = service_model("sagemaker").operation(how.operation).output
    assert output is not None
    detail = {**_in_milliseconds(output, said), "Tags": sagemaker.store.tags(resource.arn)}
    if isinstance(resource, Endpoint):
        detail["EndpointStatus"] = resource.status.name  # IN_SERVICE here, InService everywhere else
    return Event(how.detail_type, resource.arn, json.dumps(detail))


def _in_milliseconds(shape: Shape, value: Any) -> Any:
    """Times as events have them: epoch milliseconds."""
    match shape.type:
        case "structure":
            members = shape.members
            return {
                name: _in_milliseconds(members[name].shape, part)
                for name, part in value.items()
                if name in members and part is not None
            }
        case "list":
            return [_in_milliseconds(shape.item.shape, part) for part in value]
        case "map":
            return {name: _in_milliseconds(shape.value.shape, part) for name, part in value.items()}
        case "timestamp":
            return int(value * 1000)
    return value
