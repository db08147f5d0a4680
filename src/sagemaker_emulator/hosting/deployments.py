"""A deployment: one revision of an endpoint, started. It chooses the instance for each request, and scales."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from sagemaker_emulator.errors import runtime_validation
from sagemaker_emulator.hosting.components.host import HostVariant
from sagemaker_emulator.hosting.instances import Instance
from sagemaker_emulator.hosting.launcher import HostingContext, Launcher, stop_all
from sagemaker_emulator.hosting.samples import Sample, WeightedTurns
from sagemaker_emulator.hosting.serverless.variant import ServerlessVariant
from sagemaker_emulator.hosting.variants import Variant, drain
from sagemaker_emulator.resources.endpoint import Revision, VariantTarget
from sagemaker_emulator.resources.endpoint_config import AsyncInference, DataCapture
from sagemaker_emulator.wire import AwsError


class NoHealthyInstance(AwsError):
    """ServiceUnavailable, in AWS's words: no instance of `variant` is healthy, or each one refused the connection."""

    def __init__(self, endpoint: str, variant: str) -> None:
        super().__init__("ServiceUnavailable", f"Variant {variant} of endpoint {endpoint} has no healthy instance", 503)
        self.variant = variant


@dataclass
class Shadow:
    """A shadow variant as it runs, alone in a deployment of its own: it gets copies of requests, and answers nobody."""

    deployment: Deployment
    sample: Sample


@dataclass
class Deployment:
    """One revision of an endpoint, with its variants by name. A `serverless` one has no other variant.

    Once it `is_compared`, by an update of the endpoint, its invocations are also counted for its configuration.
    """

    endpoint_name: str
    data_capture: DataCapture | None
    async_inference: AsyncInference | None
    variants: dict[str, Variant]
    serverless: ServerlessVariant | None = None
    shadow: Shadow | None = None
    config_name: str = ""
    is_compared: bool = False
    _turns: WeightedTurns = field(default_factory=WeightedTurns)

    def choose(self, target_variant: str | None, excluded: Collection[Instance] = ()) -> tuple[Variant, Instance]:
        """Choose a variant, by name or by weight, and its least busy instance.

        `excluded` instances have already refused the request. Raises NoHealthyInstance, or ValidationError for a
        variant that does not exist and for weights that are all 0.
        """
        variant = self._named(target_variant) if target_variant else self._by_weight()
        instance = variant.least_busy(excluded)
        if instance is None:
            raise NoHealthyInstance(self.endpoint_name, variant.name)
        return variant, instance

    def compare(self) -> None:
        """Count the invocations for the configuration, too, from the next one on, and those of the shadow."""
        self.is_compared = True
        if self.shadow:
            self.shadow.deployment.is_compared = True

    @property
    def counted_config(self) -> str:
        """Return the endpoint configuration for which invocations are counted, empty for none.

        AWS publishes metrics with the dimension EndpointConfigName once the instances of an update get requests, and
        also after the update. Source: auto-rollback configuration and monitoring.
        """
        return self.config_name if self.is_compared else ""

    def scale_to(self, revision: Revision) -> None:
        """Apply the weights of `revision` at once, then start or stop instances."""
        self.weigh(revision)
        for target in revision.targets:
            self.variants[target.name].apply(target)

    def weigh(self, revision: Revision) -> None:
        for target in revision.targets:
            self.variants[target.name].weight = target.weight

    def drain(self) -> None:
        """Let the requests in flight finish, then stop, so that an update drops none."""
        self._close(drains=True)
        drain(self._instances())

    def stop(self) -> None:
        self._close(drains=False)
        stop_all(self._instances())

    def _close(self, drains: bool) -> None:
        for variant in self.variants.values():
            variant.close(drains)

    def _instances(self) -> list[Instance]:
        instances = [instance for variant in self.variants.values() for instance in variant.instances]
        return instances + self.shadow.deployment._instances() if self.shadow else instances

    def _named(self, name: str) -> Variant:
        if name not in self.variants:
            raise runtime_validation(f"Variant {name} was not found for endpoint {self.endpoint_name}")
        return self.variants[name]

    def _by_weight(self) -> Variant:
        variants = list(self.variants.values())
        if len(variants) == 1:
            return variants[0]
        weights = [variant.weight for variant in variants]
        if not any(weights):
            raise runtime_validation(f"Endpoint {self.endpoint_name} has no variant with a weight above 0")
        return variants[self._turns.next(weights)]


def deploy(context: HostingContext, endpoint: str, revision: Revision) -> Deployment:
    """Start every instance of every variant. Raises the first failure, after stopping what had started."""
    config = revision.config
    deployment = Deployment(endpoint, revision.data_capture, config.async_inference, {}, config_name=config.name)
    try:
        for definition in revision.config.variants:
            target = revision.target(definition.name)
            if definition.hosts_components:
                deployment.variants[target.name] = HostVariant(context, endpoint, definition, target)
                continue
            launcher = Launcher.of(context, endpoint, revision, definition)
            if target.serverless:
                deployment.variants[target.name] = deployment.serverless = ServerlessVariant.start(launcher, target)
            else:
                deployment.variants[target.name] = _started(launcher, target)
        for definition, target in zip(revision.config.shadow_variants, revision.shadow_targets, strict=True):
            deployment.shadow = _shadow(deployment, Launcher.of(context, endpoint, revision, definition), target)
    except BaseException:  # whatever the reason, nothing stays running
        deployment.stop()
        raise
    return deployment


def _started(launcher: Launcher, target: VariantTarget) -> Variant:
    return Variant(target.name, target.weight, launcher, launcher.start(target.instance_count))


def _shadow(deployment: Deployment, launcher: Launcher, target: VariantTarget) -> Shadow:
    """Start a shadow variant. Its weight, relative to the production variant's, is the share of requests it gets."""
    variant = _started(launcher, target)
    alone = replace(deployment, async_inference=None, variants={variant.name: variant})
    weight = sum(one.weight for one in deployment.variants.values())
    return Shadow(alone, Sample(min(1.0, variant.weight / weight) if weight else 0.0))
