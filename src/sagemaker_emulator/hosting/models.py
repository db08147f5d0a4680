"""Models and endpoint configurations: records that endpoints are made from."""

from __future__ import annotations

import time
from typing import Any

from sagemaker_emulator.engine import Engine, EngineError
from sagemaker_emulator.errors import validation
from sagemaker_emulator.registry.model_packages import ModelPackages
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.endpoint_config import EndpointConfig
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.storage.listing import Page, page
from sagemaker_emulator.storage.store import AlreadyExists, NotFound, Store


class Models:
    def __init__(self, store: Store, arns: Arns, engine: Engine, packages: ModelPackages) -> None:
        self._store, self._arns, self._engine, self._packages = store, arns, engine, packages

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> Model:
        arn = self._arns.of(Model.kind, request["ModelName"])
        model = Model(request["ModelName"], arn, request, time.time(), self._packaged(request))
        self._refuse_what_cannot_serve(model)
        try:
            self._store.add(model, tags)
        except AlreadyExists as error:
            raise validation(f'Cannot create already existing model "{error.existing}".') from error
        return model

    def get(self, name: str) -> Model:
        try:
            return self._store.get(Model, name)
        except NotFound:
            raise self._missing(name) from None

    def page(self, request: dict[str, Any]) -> Page:
        return page(self._store, Model, request)

    def delete(self, name: str) -> None:
        try:
            self._store.remove(Model, name)
        except NotFound:
            raise self._missing(name) from None

    def _packaged(self, request: dict[str, Any]) -> dict[str, Any]:
        """What the model package says of the container, if the request names one."""
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
        try:
            self._engine.check(model.container["Image"])
        except EngineError as error:
            raise validation(str(error)) from error

    def _missing(self, name: str) -> Exception:
        return validation(f'Could not find model "{self._arns.of(Model.kind, name)}".')


class EndpointConfigs:
    def __init__(self, store: Store, arns: Arns) -> None:
        self._store, self._arns = store, arns

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> EndpointConfig:
        name = request["EndpointConfigName"]
        config = EndpointConfig(name, self._arns.of(EndpointConfig.kind, name), request, time.time())
        self._refuse_what_is_not_emulated(config)
        try:
            self._store.add(config, tags)
        except AlreadyExists as error:
            raise validation(f'Cannot create already existing endpoint configuration "{error.existing}".') from error
        return config

    def get(self, name: str) -> EndpointConfig:
        try:
            return self._store.get(EndpointConfig, name)
        except NotFound:
            raise self._missing(name) from None

    def page(self, request: dict[str, Any]) -> Page:
        return page(self._store, EndpointConfig, request)

    def delete(self, name: str) -> None:
        try:
            self._store.remove(EndpointConfig, name)
        except NotFound:
            raise self._missing(name) from None

    def _refuse_what_is_not_emulated(self, config: EndpointConfig) -> None:
        names = [variant.name for variant in config.variants]
        if len(set(names)) < len(names):
            raise validation(f"Production variant names must be unique, found: {names}")
        for wire, variant in zip(config.request["ProductionVariants"], config.variants, strict=True):
            if "ServerlessConfig" in wire:
                raise validation(f"Production variant {variant.name}: ServerlessConfig is not emulated.")
            try:
                self._store.get(Model, variant.model_name)
            except NotFound:
                raise validation(f'Could not find model "{self._arns.of(Model.kind, variant.model_name)}".') from None

    def _missing(self, name: str) -> Exception:
        return validation(f'Could not find endpoint configuration "{self._arns.of(EndpointConfig.kind, name)}".')
