"""Capacities, whose resource IDs may write a name in another case."""

from types import SimpleNamespace
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.resources.scaling.scalable_target import COMPONENT_COPIES, VARIANT_INSTANCES
from sagemaker_emulator.scaling.capacities import Capacities


class Named:
    """A collection with one resource, which is found in any case."""

    def __init__(self, resource: Any) -> None:
        self.resource = resource

    def get(self, name: str) -> Any:
        if name.lower() != self.resource.name.lower():
            raise validation(f"{name} is missing")
        return self.resource

    def invocations(self, name: str) -> int:
        return {self.resource.name: 7}.get(name, 0)


RESOURCE = Named(SimpleNamespace(name="Busy", copies=2))
CAPACITIES = Capacities(RESOURCE, RESOURCE, lambda endpoint, variant: RESOURCE.invocations(endpoint))  # type: ignore[arg-type]


def test_invocations_are_counted_under_the_resources_own_name() -> None:
    assert CAPACITIES.of("endpoint/busy/variant/AllTraffic", VARIANT_INSTANCES).invocations() == 7
    assert CAPACITIES.of("inference-component/BUSY", COMPONENT_COPIES).invocations() == 7


def test_an_inference_component_is_found_in_any_case() -> None:
    assert CAPACITIES.of("inference-component/busy", COMPONENT_COPIES).current() == 2
    assert CAPACITIES.of("inference-component/other", COMPONENT_COPIES).current() is None
