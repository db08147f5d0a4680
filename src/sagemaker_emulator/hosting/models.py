"""Models: CreateModel's records, which endpoints and transform jobs are started from."""

from __future__ import annotations

import time
from typing import Any

from sagemaker_emulator.aws_clients.clients import AwsClients
from sagemaker_emulator.engine import Engine, EngineError
from sagemaker_emulator.errors import validation
from sagemaker_emulator.hosting.model_data import require_model_data
from sagemaker_emulator.registry.model_packages import ModelPackages
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.image_region import other_region
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError


class Models(Collection[Model]):
    """The models. A model of one container is emulated."""

    def __init__(self, store: Store, arns: Arns, aws: AwsClients, engine: Engine, packages: ModelPackages) -> None:
        super().__init__(store, arns, Model)
        self._region = arns.region
        self._aws, self._engine, self._packages = aws, engine, packages

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> Model:
        """Add a model. ValidationException for a container that could never serve, or if its data does not exist."""
        name = request["ModelName"]
        model = Model(name, self.arn_of(name), request, time.time(), self._packaged_container(request))
        self._refuse_what_cannot_serve(model)
        require_model_data(self._aws.s3_of_requests, model, self._region)
        self._aws.execution_roles.require(model.role_arn)
        return self._add(model, tags)

    def missing(self, name: str) -> AwsError:
        return validation(f'Could not find model "{self.arn_of(name)}".')

    def existing(self, name: str, arn: str) -> AwsError:
        return validation(f'Cannot create already existing model "{arn}".')

    def _packaged_container(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the container definition of the model package that the request names, or an empty one."""
        containers = [request["PrimaryContainer"]] if "PrimaryContainer" in request else request.get("Containers", [])
        if len(containers) != 1:
            raise validation(
                "A model of one container is emulated: give PrimaryContainer, or one entry in Containers, "
                f"not {len(containers)}."
            )
        name = containers[0].get("ModelPackageName")
        return self._packages.container_of(name) if name else {}

    def _refuse_what_cannot_serve(self, model: Model) -> None:
        if "Image" not in model.container:
            raise validation("PrimaryContainer needs an Image, or a ModelPackageName whose package has one.")
        image = model.container["Image"]
        if other_region(image, self._region):
            raise validation(
                f'Region of "{image}" does not match expected region of {self._region}. '
                "Cross region ECR image pulls are not allowed."
            )
        try:
            self._engine.check(image, model.network_isolation, serves=True)
        except EngineError as error:
            raise validation(str(error)) from error
