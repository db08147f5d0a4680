"""Endpoints: created, updated without downtime, rescaled, deleted, and served again after a restart.

The pieces, from the outside in:

- `Endpoints` (this module) is what operations and the data path use. It refuses what AWS would refuse, writes the
  record, and hands what takes time to `Rollouts`.
- `EndpointRecords` keeps one frozen `Endpoint` for each endpoint in the store: its status, the `Revision` that serves,
  and the pending one while an update is under way. A Revision holds copies of the endpoint configuration and of the
  models, so deleting those does not affect the endpoint.
- `Rollouts` changes what runs. It owns the dictionary of live deployments and the updates under way.
- An `Update` (`guardrails/`) has two deployments and shares the requests between them, step by step.
- A `Deployment` is one revision, started: for each variant a weight, a `Launcher` and its instances.
- An `Instance` is one or several serving containers, each with a thread that starts it again whenever it ends.

Stages. CreateEndpoint returns with the record at Creating; a thread downloads model.tar.gz once for each model and
revision, starts all instances at once, waits for GET /ping of each, and moves the record to InService or Failed.
UpdateEndpoint starts the new deployment beside the old one. When the new one is healthy, its share of the requests
grows in the steps of the DeploymentConfig. After the last step it takes the old one's place in the dictionary; the
record moves to InService; the old instances are stopped when their requests in flight have been answered. If the new
deployment does not start, or an alarm trips, the requests go to the old one again: the status goes through RollingBack
to InService, with the FailureReason. An update that the emulator's end interrupts begins again at its first step.

Threads. Operations run in the server's thread pool, the data path on its event loop. Each change of an endpoint has one
thread, and there is at most one change of an endpoint at a time: `_refuse_in_progress` is checked inside the store's
transaction that moves the status, so of two operations at once only one passes.

Locks. There are none here. The store's lock serializes the records. The dictionary of deployments and a variant's list
of instances are only ever replaced, entry by entry or whole, never changed in place, so the event loop reads them
without a lock.

Invariants. The record moves before the caller gets its answer, and never to a status that AWS's endpoint could not
have (`resources/endpoint.py`). What the emulator's own end interrupts stays as recorded and is resumed by `recover`.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from sagemaker_emulator.errors import runtime_validation, service_unavailable, validation
from sagemaker_emulator.hosting.components.collection import InferenceComponents
from sagemaker_emulator.hosting.components.host import HostVariant
from sagemaker_emulator.hosting.deployments import Deployment
from sagemaker_emulator.hosting.endpoint_configs import EndpointConfigs
from sagemaker_emulator.hosting.endpoint_records import EndpointRecords
from sagemaker_emulator.hosting.guardrails.alarms import require_alarms
from sagemaker_emulator.hosting.guardrails.policy import Policy
from sagemaker_emulator.hosting.guardrails.update import Update
from sagemaker_emulator.hosting.launcher import HostingContext
from sagemaker_emulator.hosting.local_mode import LocalMode
from sagemaker_emulator.hosting.models import Models
from sagemaker_emulator.hosting.requests import (
    CreateEndpointRequest,
    RescaleEndpointRequest,
    UpdateEndpointRequest,
)
from sagemaker_emulator.hosting.rollouts import Rollouts
from sagemaker_emulator.hosting.serverless.refusals import refuse_bad_limits, refuse_conversion
from sagemaker_emulator.jobs.quotas import require_quota
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.endpoint import Endpoint, EndpointStatus, Revision
from sagemaker_emulator.resources.endpoint_config import EndpointConfig, ServerlessConfig
from sagemaker_emulator.storage.listing import Page
from sagemaker_emulator.storage.store import Store


class Endpoints:
    """The endpoints, as operations and the data path use them."""

    def __init__(
        self,
        store: Store,
        arns: Arns,
        context: HostingContext,
        configs: EndpointConfigs,
        models: Models,
        local_mode: LocalMode,
        components: InferenceComponents,
    ) -> None:
        self._components = components
        self._arns, self._configs, self._models, self._local_mode = arns, configs, models, local_mode
        self._aws = context.aws
        self._records = EndpointRecords(store, arns)
        self._rollouts = Rollouts(self._records, context)

    def create(self, request: CreateEndpointRequest) -> Endpoint:
        name, now = request.endpoint_name, time.time()
        revision = self._new_revision(self._configs.get(request.config_name))
        endpoint = Endpoint(
            name,
            self._records.arn_of(name),
            revision,
            created=now,
            modified=now,
            deployment_config=request.deployment_config,
        )
        self._records.add(endpoint, request.tags)
        self._rollouts.create(endpoint)
        return endpoint

    def get(self, name: str) -> Endpoint:
        return self._records.get(name)

    def page(self, request: dict[str, Any]) -> Page:
        return self._records.page(request)

    def update(self, request: UpdateEndpointRequest) -> Endpoint:
        before = self.get(request.endpoint_name)  # a missing endpoint is reported before a missing configuration
        new = self._new_revision(self._configs.get(request.config_name))
        last = request.retains_deployment_config
        deployment_config = before.deployment_config if last else request.deployment_config
        policy = Policy.parse(deployment_config)
        require_alarms(lambda: self._aws.alarms, policy.alarms)

        def change(endpoint: Endpoint) -> Endpoint:
            _refuse_in_progress(endpoint)
            refuse_conversion(endpoint.revision, new)
            self._refuse_loss_of_hosts(endpoint, new)
            pending = new
            if request.retains_variant_properties:
                pending = new.retaining(endpoint.revision, request.not_retained)
            policy.require_fit(endpoint.revision, pending)
            return endpoint.updating_to(pending, time.time(), deployment_config)

        updating = self._records.change(request.endpoint_name, change)
        self._rollouts.replace(updating)
        return updating

    def rescale(self, request: RescaleEndpointRequest) -> Endpoint:
        """UpdateEndpointWeightsAndCapacities: weights apply at once, instance counts in the background."""
        before = self.get(request.endpoint_name).revision

        def change(endpoint: Endpoint) -> Endpoint:
            _refuse_in_progress(endpoint)
            if endpoint.status is EndpointStatus.FAILED:
                raise validation(f'Cannot update endpoint "{endpoint.arn}" in status Failed.')
            _refuse_unknown_variants(endpoint, request.variant_names)
            limits = _serverless_limits(endpoint.revision, request)
            revision = endpoint.revision.with_targets(request.weights, request.instance_counts, limits)
            return endpoint.serving(revision).moved_to(EndpointStatus.UPDATING, time.time())

        updating = self._records.change(request.endpoint_name, change)
        self._rollouts.rescale(updating, before)
        return updating

    def delete(self, name: str) -> None:
        def change(endpoint: Endpoint) -> Endpoint:
            _refuse_in_progress(endpoint)
            if components := self._components.of_endpoint(endpoint.name):
                names = ", ".join(one.name for one in components)
                raise validation(f'Cannot delete endpoint "{endpoint.arn}": it has the inference components {names}.')
            return endpoint.moved_to(EndpointStatus.DELETING, time.time())

        self._rollouts.delete(self._records.change(name, change))

    def deployment(self, name: str, component: str | None = None) -> Deployment:
        """Return the deployment for an endpoint's next request. ValidationError in the runtime's words if none exists.

        `component` is the inference component that the request names.
        """
        if component is not None:
            return self._deployment_of(name, component)
        if deployment := self._rollouts.route(name) or self._local_mode.deployment(name):
            return deployment
        endpoint = self._records.find(name)
        if endpoint and endpoint.status is EndpointStatus.SYSTEM_UPDATING:
            raise service_unavailable(f"Endpoint {name} is being started again.")
        raise runtime_validation(f"Endpoint {name} of account {self._arns.account_id} not found.")

    def _deployment_of(self, name: str, component: str) -> Deployment:
        """Return the copies of an inference component as a deployment with one variant."""
        deployment = self.deployment(name)
        if not any(isinstance(variant, HostVariant) for variant in deployment.variants.values()):
            raise runtime_validation(
                "Inference Component Name header is not allowed for endpoints to which you dont plan to deploy "
                "inference components. Please remove the Inference Component Name header and try again."
            )
        copies = self._components.route(component)
        if copies is None or copies.launcher.endpoint != name:
            raise runtime_validation(f"Inference Component {component} of endpoint {name} not found.")
        return Deployment(name, deployment.data_capture, None, {copies.name: copies})

    def live(self, name: str) -> Deployment | None:
        """Return what this emulator serves an endpoint with, or None; local mode's endpoints are not included."""
        return self._rollouts.live(name)

    def update_under_way(self, name: str) -> Update | None:
        return self._rollouts.update(name)

    def recover(self) -> None:
        self._rollouts.recover()

    def close(self) -> None:
        self._rollouts.close()

    def _refuse_loss_of_hosts(self, endpoint: Endpoint, new: Revision) -> None:
        """Refuse an update that takes away the variant of an inference component."""
        hosts = {variant.name for variant in new.config.variants if variant.hosts_components}
        for component in self._components.of_endpoint(endpoint.name):
            if component.variant_name not in hosts:
                raise validation(
                    f"The inference component {component.name} needs the variant {component.variant_name} without a "
                    f'model, which endpoint configuration "{new.config.name}" does not have.'
                )

    def _new_revision(self, config: EndpointConfig) -> Revision:
        for variant in (*config.variants, *config.shadow_variants):
            require_quota(variant.instance_type or "Serverless", variant.instance_count, "endpoint")
        models = tuple(self._models.get(name) for name in config.model_names)
        return Revision.of(uuid.uuid4().hex, config, models, time.time())


def _refuse_in_progress(endpoint: Endpoint) -> None:
    if endpoint.is_in_progress:
        raise validation(f'Cannot update in-progress endpoint "{endpoint.arn}".')


def _refuse_unknown_variants(endpoint: Endpoint, names: frozenset[str]) -> None:
    if unknown := names - {target.name for target in endpoint.revision.targets}:
        quoted = ", ".join(f'"{name}"' for name in sorted(unknown))
        raise validation(
            f'The variant name(s) {quoted} is/are not present within endpoint configuration "{endpoint.config_name}".'
        )


def _serverless_limits(revision: Revision, request: RescaleEndpointRequest) -> dict[str, ServerlessConfig]:
    """Return the serverless limits after the request. ValidationException if they do not fit the variants."""
    limits = {}
    for name in sorted(request.serverless.keys() | request.instance_counts.keys()):
        current = revision.target(name).serverless
        if current is None and name in request.serverless:
            raise validation(f"Variant {name} is not serverless: ServerlessUpdateConfig cannot be applied to it.")
        if current is None:
            continue
        if name in request.instance_counts:
            raise validation(f"Variant {name} is serverless: DesiredInstanceCount cannot be applied to it.")
        limits[name] = current.updated(request.serverless[name])
        refuse_bad_limits(name, limits[name])
    return limits
