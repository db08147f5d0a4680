"""Capacities that can be scaled: the instances of an endpoint's variant, and the copies of an inference component."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sagemaker_emulator.errors import validation
from sagemaker_emulator.hosting.components.collection import InferenceComponents
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.hosting.requests import RescaleEndpointRequest
from sagemaker_emulator.resources.components.inference_component import ComponentStatus, InferenceComponent
from sagemaker_emulator.resources.endpoint import Endpoint, EndpointStatus
from sagemaker_emulator.resources.scaling.scalable_target import COMPONENT_COPIES, VARIANT_INSTANCES
from sagemaker_emulator.wire import AwsError

COMPONENT_ID = re.compile(r"inference-component/([^/]+)")
VARIANT_ID = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")
Invocations = Callable[[str, str], int]
"""Return how many invocations a variant of an endpoint has had so far."""


class Capacity(Protocol):
    """One capacity. `noun` is its name in the texts of activities; `metric` the predefined metric that it has."""

    @property
    def noun(self) -> str: ...
    @property
    def metric(self) -> str: ...

    def current(self) -> int | None:
        """Return the desired count; None if its resource does not exist."""

    def obstacle(self) -> str | None:
        """Return why the capacity cannot be changed at the moment, or None."""

    def set(self, count: int) -> None:
        """Ask for another count, which is reached later. Raises AwsError."""

    def failure(self) -> str:
        """Return why the last change was not carried out, as far as the resource knows it."""

    def invocations(self) -> int:
        """Return how many invocations there have been so far."""


@dataclass(frozen=True)
class VariantInstances:
    endpoints: Endpoints
    count_invocations: Invocations
    endpoint: str
    variant: str
    noun: str = "desired instance count"
    metric: str = "SageMakerVariantInvocationsPerInstance"

    def current(self) -> int | None:
        endpoint = self._endpoint()
        targets = endpoint.revision.targets if endpoint else ()
        return next((one.instance_count for one in targets if one.name == self.variant and not one.serverless), None)

    def obstacle(self) -> str | None:
        endpoint = self._endpoint()
        status = endpoint.status if endpoint else None
        return None if status is EndpointStatus.IN_SERVICE else f"Endpoint {self.endpoint} is {status or 'deleted'}"

    def set(self, count: int) -> None:
        change = RescaleEndpointRequest(self.endpoint, frozenset({self.variant}), {}, {self.variant: count})
        self.endpoints.rescale(change)

    def failure(self) -> str:
        endpoint = self._endpoint()
        return (endpoint and endpoint.failure_reason) or f"Endpoint {self.endpoint} was changed otherwise meanwhile."

    def invocations(self) -> int:
        endpoint = self._endpoint()
        return self.count_invocations(endpoint.name if endpoint else self.endpoint, self.variant)

    def _endpoint(self) -> Endpoint | None:
        try:
            return self.endpoints.get(self.endpoint)
        except AwsError:
            return None


@dataclass(frozen=True)
class ComponentCopies:
    components: InferenceComponents
    component: str
    noun: str = "desired copy count"
    metric: str = "SageMakerInferenceComponentInvocationsPerCopy"

    def current(self) -> int | None:
        component = self._component()
        return component.copies if component else None

    def obstacle(self) -> str | None:
        component = self._component()
        status = component.status if component else None
        is_free = status is ComponentStatus.IN_SERVICE
        return None if is_free else f"Inference component {self.component} is {status or 'deleted'}"

    def set(self, count: int) -> None:
        self.components.scale(self.component, {"CopyCount": count})

    def failure(self) -> str:
        component = self._component()
        reason = component.failure_reason if component else None
        return reason or f"Inference component {self.component} was changed otherwise meanwhile."

    def invocations(self) -> int:
        component = self._component()
        return self.components.invocations(component.name if component else self.component)

    def _component(self) -> InferenceComponent | None:
        try:
            return self.components.get(self.component)
        except AwsError:
            return None


@dataclass(frozen=True)
class Capacities:
    endpoints: Endpoints
    components: InferenceComponents
    count_invocations: Invocations

    def of(self, resource_id: str, dimension: str) -> Capacity:
        """Return the capacity, whether or not its resource exists. ValidationException for another ID or dimension."""
        if dimension == COMPONENT_COPIES:
            component = _parts(COMPONENT_ID, resource_id, "inference-component/<name>")
            return ComponentCopies(self.components, component[1])
        if dimension != VARIANT_INSTANCES:
            raise validation(
                f"The scalable dimension {dimension} is not emulated: {VARIANT_INSTANCES} and {COMPONENT_COPIES} are."
            )
        variant = _parts(VARIANT_ID, resource_id, "endpoint/<name>/variant/<name>")
        return VariantInstances(self.endpoints, self.count_invocations, variant[1], variant[2])


def _parts(pattern: re.Pattern[str], resource_id: str, form: str) -> re.Match[str]:
    match = pattern.fullmatch(resource_id)
    if match is None:
        raise validation(f"Unsupported resource ID {resource_id}: it has the form {form}.")
    return match
