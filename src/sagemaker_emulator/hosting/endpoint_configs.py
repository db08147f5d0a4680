"""Endpoint configurations: CreateEndpointConfig's records."""

from __future__ import annotations

import time
from typing import Any

from sagemaker_emulator.aws_clients.execution_roles import ExecutionRoles
from sagemaker_emulator.errors import validation
from sagemaker_emulator.hosting.components.host import refuse_bad_hosts
from sagemaker_emulator.hosting.models import Models
from sagemaker_emulator.hosting.serverless.refusals import refuse_bad_serverless, refuse_for_serverless
from sagemaker_emulator.repeated import repeated
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.endpoint_config import EndpointConfig
from sagemaker_emulator.resources.model import Model, Row
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError


class EndpointConfigs(Collection[EndpointConfig]):
    """The endpoint configurations. Their production variants name models that exist."""

    def __init__(self, store: Store, arns: Arns, models: Models, roles: ExecutionRoles) -> None:
        super().__init__(store, arns, EndpointConfig)
        self._models, self._roles = models, roles

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> EndpointConfig:
        name = request["EndpointConfigName"]
        config = EndpointConfig(name, self.arn_of(name), request, time.time())
        if "ExplainerConfig" in request:
            raise validation(
                "ExplainerConfig, the online explanations of SageMaker Clarify, is not emulated; leave it out, or "
                "create the endpoint configuration on AWS."
            )
        self._refuse_bad_variants(config)
        self._refuse_unfit_shadows(config)
        self._roles.require(request.get("ExecutionRoleArn"))
        return self._add(config, tags)

    def missing(self, name: str) -> AwsError:
        return validation(f'Could not find endpoint configuration "{self.arn_of(name)}".')

    def existing(self, name: str, arn: str) -> AwsError:
        return validation(f'Cannot create already existing endpoint configuration "{arn}".')

    def _refuse_bad_variants(self, config: EndpointConfig) -> None:
        names = [variant.name for variant in (*config.variants, *config.shadow_variants)]
        if repeated(names):
            raise validation(f"Production variant names must be unique, found: {names}")
        refuse_bad_serverless(config.request, config.variants)
        refuse_bad_hosts(config)
        for variant in config.variants:
            if variant.hosts_components:
                continue
            model = self._models.get(variant.model_name)
            refuse_for_serverless(variant, model)
            self._refuse_unreachable(config, model)

    def _refuse_unfit_shadows(self, config: EndpointConfig) -> None:
        """Refuse shadows as AWS does. Source: CreateEndpointConfig, ShadowProductionVariants; guide, shadow tests."""
        if not config.shadow_variants:
            return
        if len(config.variants) > 1 or len(config.shadow_variants) > 1:
            raise validation("With ShadowProductionVariants, there can be only one production and one shadow variant.")
        if config.async_inference or any(one.serverless for one in (*config.variants, *config.shadow_variants)):
            raise validation("ShadowProductionVariants is not supported with AsyncInferenceConfig or ServerlessConfig.")
        for name in config.model_names:
            model = self._models.get(name)
            if model.is_multi_model or len(model.containers) > 1:
                raise validation(f'Model "{model.arn}" has several models or containers, which cannot have a shadow.')

    def _refuse_unreachable(self, config: EndpointConfig, model: Model) -> None:
        """Refuse models whose invocations name a target, which InvokeEndpointAsync cannot do."""
        if config.async_inference and (model.is_multi_model or model.row is Row.DIRECT):
            kind = "a multi-model container" if model.is_multi_model else "containers for direct invocation"
            raise validation(f'Model "{model.arn}" has {kind}, which AsyncInferenceConfig does not support.')
