"""What can be scaled: the instance count of an endpoint's variant."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sagemaker_emulator.errors import validation
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.hosting.requests import RescaleEndpointRequest
from sagemaker_emulator.resources.endpoint import Endpoint, EndpointStatus
from sagemaker_emulator.resources.scaling.scalable_target import VARIANT_INSTANCES
from sagemaker_emulator.wire import AwsError

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
        return self.count_invocations(self.endpoint, self.variant)

    def _endpoint(self) -> Endpoint | None:
        try:
            return self.endpoints.get(self.endpoint)
        except AwsError:
            return None


@dataclass(frozen=True)
class Capacities:
    endpoints: Endpoints
    count_invocations: Invocations

    def of(self, resource_id: str, dimension: str) -> Capacity:
        """Return the capacity, whether or not its resource exists. ValidationException for one that is no such."""
        if dimension != VARIANT_INSTANCES:
            raise validation(f"The scalable dimension {dimension} is not emulated: {VARIANT_INSTANCES} is.")
        match = VARIANT_ID.fullmatch(resource_id)
        if match is None:
            raise validation(f"Unsupported resource ID {resource_id}: it has the form endpoint/<name>/variant/<name>.")
        return VariantInstances(self.endpoints, self.count_invocations, match[1], match[2])
