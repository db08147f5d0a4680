"""Models: CreateModel's records, which endpoints and transform jobs are started from."""

from __future__ import annotations

import time
from typing import Any

from sagemaker_emulator.aws_clients.clients import AwsClients
from sagemaker_emulator.engine import Engine, EngineError
from sagemaker_emulator.errors import validation
from sagemaker_emulator.hosting.model_data import require_model_data
from sagemaker_emulator.registry.model_packages import ModelPackages
from sagemaker_emulator.repeated import repeated
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.image_region import other_region
from sagemaker_emulator.resources.model import Model, Row, requested_containers
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError

CONTAINERS_MAX = 15


class Models(Collection[Model]):
    """The models: one container, an inference pipeline of several, or several for direct invocation."""

    def __init__(self, store: Store, arns: Arns, aws: AwsClients, engine: Engine, packages: ModelPackages) -> None:
        super().__init__(store, arns, Model)
        self._region = arns.region
        self._aws, self._engine, self._packages = aws, engine, packages

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> Model:
        """Add a model. ValidationException for containers that could never serve, or if their data does not exist."""
        name = request["ModelName"]
        _refuse_contradictions(request)
        model = Model(name, self.arn_of(name), request, time.time(), packages=self._packaged_containers(request))
        _refuse_unusable_row(model)
        self._refuse_what_cannot_serve(model)
        require_model_data(self._aws.s3_of_requests, model, self._region)
        self._aws.execution_roles.require(model.role_arn)
        return self._add(model, tags)

    def missing(self, name: str) -> AwsError:
        return validation(f'Could not find model "{self.arn_of(name)}".')

    def existing(self, name: str, arn: str) -> AwsError:
        return validation(f'Cannot create already existing model "{arn}".')

    def _packaged_containers(self, request: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
        """Return the container definitions of the model packages that the request names, by that name."""
        names = {one["ModelPackageName"] for one in requested_containers(request) if "ModelPackageName" in one}
        return {name: self._packages.containers_of(name) for name in names}

    def _refuse_what_cannot_serve(self, model: Model) -> None:
        for container in model.containers:
            if not container.image:
                member = "PrimaryContainer" if model.row is Row.SINGLE else f"Container {container.name}"
                raise validation(f"{member} needs an Image, or a ModelPackageName whose package has one.")
            if other_region(container.image, self._region):
                raise validation(
                    f'Region of "{container.image}" does not match expected region of {self._region}. '
                    "Cross region ECR image pulls are not allowed."
                )
            try:
                self._engine.check(container.image, model.network_isolation, serves=True)
            except EngineError as error:
                raise validation(str(error)) from error


def _refuse_contradictions(request: dict[str, Any]) -> None:
    """Refuse a request with no container or with both members, and host names for a part of the containers only.

    Source: ContainerDefinition, ContainerHostname.
    """
    if "PrimaryContainer" in request and "Containers" in request:
        raise validation("Both PrimaryContainer and Containers are given. Give one of them.")
    containers = requested_containers(request)
    if not containers:
        raise validation("A model needs a container: give PrimaryContainer, or at least one entry in Containers.")
    named = [one for one in containers if one.get("ContainerHostname")]
    if named and len(named) < len(containers):
        raise validation(
            f"{len(named)} of {len(containers)} containers have a ContainerHostname. Give one to all of them, or to "
            "none."
        )


def _refuse_unusable_row(model: Model) -> None:
    """Refuse containers that cannot be told apart or that no invocation could reach."""
    containers = model.containers
    names = [container.name for container in containers]
    if len(containers) > CONTAINERS_MAX:
        raise validation(f"A model has at most {CONTAINERS_MAX} containers, and this one has {len(containers)}.")
    if repeated(names):
        raise validation(f"The values of ContainerHostname must be unique, found: {names}")
    if sum(container.is_multi_model for container in containers) > 1:
        # source: multi-model endpoints, supported features: "only one multi-model-enabled container"
        raise validation("Only one container of a model can have the Mode MultiModel.")
