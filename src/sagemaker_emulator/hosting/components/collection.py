"""The inference components: created, changed and deleted, and found for an invocation."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.errors import validation
from sagemaker_emulator.hosting.components.copies import Copies
from sagemaker_emulator.hosting.endpoint_records import EndpointRecords
from sagemaker_emulator.hosting.launcher import HostingContext
from sagemaker_emulator.hosting.models import Models
from sagemaker_emulator.hosting.variants import Variant
from sagemaker_emulator.jobs.quotas import require_quota
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.components.inference_component import ComponentStatus, InferenceComponent
from sagemaker_emulator.resources.endpoint import Endpoint, EndpointStatus
from sagemaker_emulator.resources.model import Model, Row
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.listing import Page, named_filters, page
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError

FILTERS = {"EndpointNameEquals": "$.endpoint_name", "VariantNameEquals": "$.variant_name"}
NOT_EMULATED = {
    "BaseInferenceComponentName": "adapters of a base inference component are",
    "SchedulingConfig": "scheduling configurations are",
}


class InferenceComponents(Collection[InferenceComponent]):
    """The components of all endpoints. Their names are unique in an account and region."""

    def __init__(
        self, store: Store, arns: Arns, context: HostingContext, models: Models, endpoints: EndpointRecords
    ) -> None:
        super().__init__(store, arns, InferenceComponent)
        self._context, self._models, self._endpoints = context, models, endpoints
        self._copies = Copies(store, context)
        self._invocations: Counter[str] = Counter()  # only on the event loop

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> InferenceComponent:
        name, now = request["InferenceComponentName"], time.time()
        endpoint = self._endpoints.get(request["EndpointName"])
        if endpoint.status is not EndpointStatus.IN_SERVICE:
            raise validation(f'Endpoint "{endpoint.arn}" is {endpoint.status}: it must be InService.')
        specification = self._specification(request)
        component = InferenceComponent(
            name,
            self.arn_of(name),
            endpoint.name,
            _host_of(endpoint, request.get("VariantName")),
            specification,
            self._model(name, specification, endpoint),
            _copies(request.get("RuntimeConfig", {"CopyCount": 1})),
            created=now,
            modified=now,
        )
        self._add(component, tags)
        self._copies.start(component)
        return component

    def update(self, request: dict[str, Any]) -> InferenceComponent:
        """Change the specification, the number of copies, or both."""
        if "DeploymentConfig" in request:
            raise validation("DeploymentConfig is not emulated: the new copies start beside the old ones, all at once.")
        name = request["InferenceComponentName"]
        changes: dict[str, Any] = {}
        if "RuntimeConfig" in request:
            changes["copies"] = _copies(request["RuntimeConfig"])
        if "Specification" in request or "Specifications" in request:
            endpoint = self._endpoints.get(self.get(name).endpoint_name)
            changes["specification"] = self._specification(request)
            changes["model"] = self._model(name, changes["specification"], endpoint)
        before, updating = self._updating(name, changes)
        if "model" in changes:
            self._copies.replace(updating, before)
        else:
            self._copies.scale(updating, before)
        return updating

    def scale(self, name: str, runtime_config: dict[str, Any]) -> InferenceComponent:
        """Change the number of copies."""
        before, updating = self._updating(name, {"copies": _copies(runtime_config)})
        self._copies.scale(updating, before)
        return updating

    def remove(self, name: str) -> None:
        deleting = self._change(name, _moving(ComponentStatus.DELETING, {}))
        self._copies.delete(deleting)

    def copies(self, name: str) -> Variant | None:
        """Return the copies that run, as the variant of a deployment."""
        return self._copies.of(name)

    def route(self, name: str) -> Variant | None:
        """Return the copies that an invocation goes to, and count it."""
        copies = self._copies.of(name)
        if copies:
            self._invocations[name] += 1
        return copies

    def invocations(self, name: str) -> int:
        """Return how many invocations a component has had since the emulator was started."""
        return self._invocations[name]

    def of_endpoint(self, endpoint: str) -> list[InferenceComponent]:
        return [one for one in self._store.all(InferenceComponent) if one.endpoint_name == endpoint]

    def page(self, request: dict[str, Any]) -> Page:
        filters = named_filters(FILTERS, request)
        return page(self._store, InferenceComponent, request, filters=filters)

    def endpoint_arn(self, component: InferenceComponent) -> str:
        return self._endpoints.arn_of(component.endpoint_name)

    def recover(self) -> None:
        """Finish deletions after a restart, and start the copies of the other components again."""
        for component in self._store.all(InferenceComponent):
            if component.status is ComponentStatus.DELETING:
                self._copies.delete(component)
            elif component.status is not ComponentStatus.FAILED:
                if component.status is ComponentStatus.IN_SERVICE:
                    component = self._change(component.name, _moving(ComponentStatus.UPDATING, {}))
                self._copies.start(component)

    def close(self) -> None:
        self._copies.close()

    def missing(self, name: str) -> AwsError:
        return validation(f'Could not find inference component "{self.arn_of(name)}".')

    def existing(self, name: str, arn: str) -> AwsError:
        return validation(f'Cannot create already existing inference component "{arn}".')

    def _updating(self, name: str, changes: dict[str, Any]) -> tuple[InferenceComponent, InferenceComponent]:
        """Return the component before its update and after it has begun."""
        seen: list[InferenceComponent] = []

        def change(component: InferenceComponent) -> InferenceComponent:
            seen.append(component)
            return _moving(ComponentStatus.UPDATING, changes)(component)

        updating = self._change(name, change)
        return seen[-1], updating

    def _specification(self, request: dict[str, Any]) -> dict[str, Any]:
        if "Specification" not in request:
            raise validation("Specification is required: Specifications, for several instance types, is not emulated.")
        specification: dict[str, Any] = request["Specification"]
        for member, what in NOT_EMULATED.items():
            if member in specification:
                raise validation(f"{member}: {what} not emulated.")
        if ("ModelName" in specification) == ("Container" in specification):
            raise validation("Specification needs either ModelName or Container.")
        if "ComputeResourceRequirements" not in specification:
            raise validation("Specification needs ComputeResourceRequirements.")
        return specification

    def _model(self, name: str, specification: dict[str, Any], endpoint: Endpoint) -> Model:
        """Return the model of a specification. Its container runs as the role of the endpoint's configuration."""
        if "ModelName" in specification:
            model = self._models.get(specification["ModelName"])
        else:
            model = _model_of(name, specification["Container"], endpoint)
            self._refuse_image(model)
        if model.row is not Row.SINGLE or model.is_multi_model:
            raise validation(f"Model {model.name} has several models or containers, which a component cannot have.")
        return model

    def _refuse_image(self, model: Model) -> None:
        try:
            for container in model.containers:
                self._context.engine.check(container.image, serves=True)
        except EngineError as error:
            raise validation(str(error)) from error


def _moving(status: ComponentStatus, changes: dict[str, Any]) -> Callable[[InferenceComponent], InferenceComponent]:
    def change(component: InferenceComponent) -> InferenceComponent:
        if component.is_in_progress:
            raise validation(f'Cannot update inference component "{component.arn}" in status {component.status}.')
        return replace(component, **changes).moved_to(status, time.time())

    return change


def _copies(runtime_config: dict[str, Any]) -> int:
    count = int(runtime_config["CopyCount"])
    require_quota("copies of an inference component", count, "endpoint")
    return count


def _host_of(endpoint: Endpoint, variant: str | None) -> str:
    """Return the variant that hosts the component: the one that is named, or the only one."""
    definitions = {one.name: one for one in endpoint.revision.config.variants}
    if variant is None and len(definitions) > 1:
        raise validation(f"VariantName is required: the endpoint has the variants {', '.join(definitions)}.")
    name = variant or next(iter(definitions))
    if name not in definitions:
        raise validation(f'Could not find variant "{name}" of endpoint "{endpoint.arn}".')
    if not definitions[name].hosts_components:
        raise validation(
            f"Variant {name} of endpoint {endpoint.name} has a model of its own: inference components need a variant "
            "without ModelName, in an endpoint configuration with ExecutionRoleArn."
        )
    return name


def _model_of(name: str, container: dict[str, Any], endpoint: Endpoint) -> Model:
    if "Image" not in container:
        raise validation("Container needs an Image.")
    definition = {"Image": container["Image"], "Environment": container.get("Environment", {})}
    if "ArtifactUrl" in container:
        definition["ModelDataUrl"] = container["ArtifactUrl"]
    role = endpoint.revision.config.request["ExecutionRoleArn"]
    return Model(name, "", {"PrimaryContainer": definition, "ExecutionRoleArn": role}, time.time())
