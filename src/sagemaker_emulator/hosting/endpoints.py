"""Endpoints: created, updated without downtime, scaled, deleted, and served again after a restart."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from sagemaker_emulator.archives.archive import ArchiveError
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS
from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.errors import runtime_validation, service_unavailable, validation
from sagemaker_emulator.hosting.deployments import Deployment, deploy
from sagemaker_emulator.hosting.instances import StartFailed
from sagemaker_emulator.hosting.launcher import HostingContext
from sagemaker_emulator.hosting.local_mode import LocalMode
from sagemaker_emulator.hosting.models import EndpointConfigs, Models
from sagemaker_emulator.jobs.quotas import require_quota
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.endpoint import Endpoint, EndpointStatus, Revision
from sagemaker_emulator.resources.endpoint_config import EndpointConfig
from sagemaker_emulator.storage.listing import Page, page
from sagemaker_emulator.storage.store import AlreadyExists, NotFound, Store
from sagemaker_emulator.wire import AwsError

T = TypeVar("T")

log = logging.getLogger(__name__)


class DeploymentFailed(Exception):
    """A revision could not be started; the text is the endpoint's FailureReason."""


class Endpoints:
    """Each change of an endpoint that takes time has a thread of its own; the store says how far it is."""

    def __init__(
        self,
        store: Store,
        arns: Arns,
        context: HostingContext,
        configs: EndpointConfigs,
        models: Models,
        local_mode: LocalMode,
    ) -> None:
        self._store, self._arns, self._context, self._local_mode = store, arns, context, local_mode
        self._configs, self._models = configs, models
        self._deployments: dict[str, Deployment] = {}
        self._threads: set[threading.Thread] = set()

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> Endpoint:
        name, now = request["EndpointName"], time.time()
        deployment_config = _deployment_config(request)
        revision = self._revision(self._configs.get(request["EndpointConfigName"]))
        arn = self._arns.of(Endpoint.kind, name)
        endpoint = Endpoint(name, arn, revision, created=now, modified=now, deployment_config=deployment_config)
        try:
            self._store.add(endpoint, tags)
        except AlreadyExists as error:
            raise validation(f'Cannot create already existing endpoint "{error.existing}".') from error
        self._in_background(self._bring_up, name, revision)
        return endpoint

    def get(self, name: str) -> Endpoint:
        try:
            return self._store.get(Endpoint, name)
        except NotFound:
            raise self._missing(name) from None

    def page(self, request: dict[str, Any]) -> Page:
        return page(self._store, Endpoint, request)

    def update(self, request: dict[str, Any]) -> Endpoint:
        name, deployment_config = request["EndpointName"], _deployment_config(request)
        self.get(name)
        new = self._revision(self._configs.get(request["EndpointConfigName"]))
        excluded = frozenset(
            wire["VariantPropertyType"] for wire in request.get("ExcludeRetainedVariantProperties", ())
        )

        def change(endpoint: Endpoint) -> Endpoint:
            _refuse_in_progress(endpoint)
            pending = new.retaining(endpoint.revision, excluded) if request.get("RetainAllVariantProperties") else new
            kept = endpoint.deployment_config if request.get("RetainDeploymentConfig") else deployment_config
            return endpoint.updating_to(pending, time.time(), kept)

        updating = self._change(name, change)
        self._in_background(self._replace, name, updating.pending, _termination_wait_s(updating.deployment_config))
        return updating

    def rescale(self, name: str, desired: dict[str, dict[str, Any]]) -> Endpoint:
        """UpdateEndpointWeightsAndCapacities; what is desired, by variant name."""
        weights = {variant: wire["DesiredWeight"] for variant, wire in desired.items() if "DesiredWeight" in wire}
        counts = {
            variant: wire["DesiredInstanceCount"] for variant, wire in desired.items() if "DesiredInstanceCount" in wire
        }
        for variant, count in counts.items():
            require_quota(f"variant {variant}", count, "endpoint")
        before = self.get(name).revision

        def change(endpoint: Endpoint) -> Endpoint:
            _refuse_in_progress(endpoint)
            if endpoint.status is EndpointStatus.FAILED:
                raise validation(f'Cannot update endpoint "{endpoint.arn}" in status Failed.')
            self._refuse_unknown_variants(endpoint, set(desired))
            revision = endpoint.revision.with_targets(weights, counts)
            return endpoint.serving(revision).moved_to(EndpointStatus.UPDATING, time.time())

        updating = self._change(name, change)
        if deployment := self._deployments.get(name):
            deployment.weigh(updating.revision)
        self._in_background(self._scale, name, before, updating.revision)
        return updating

    def delete(self, name: str) -> None:
        def change(endpoint: Endpoint) -> Endpoint:
            _refuse_in_progress(endpoint)
            return endpoint.moved_to(EndpointStatus.DELETING, time.time())

        self._change(name, change)
        self._in_background(self._take_down, name)

    def deployment(self, name: str) -> Deployment:
        """What serves an endpoint now. ValidationError, as the runtime says it, when nothing does."""
        if deployment := self._deployments.get(name) or self._local_mode.deployment(name):
            return deployment
        with suppress(NotFound):
            if self._store.get(Endpoint, name).status is EndpointStatus.SYSTEM_UPDATING:
                raise service_unavailable(f"Endpoint {name} is being started again.")
        raise runtime_validation(f"Endpoint {name} of account {self._arns.account_id} not found.")

    def live(self, name: str) -> Deployment | None:
        """What serves an endpoint now, if anything does."""
        return self._deployments.get(name)

    def recover(self) -> None:
        """After a restart: finish deletions, take up what was under way, and serve again what was served."""
        endpoints = self._store.all(Endpoint)
        self._context.clean({one.name: _revision_ids(one) for one in endpoints})
        for endpoint in endpoints:
            if endpoint.status is EndpointStatus.DELETING:
                self._take_down(endpoint.name)
            elif endpoint.status is not EndpointStatus.FAILED:
                self._in_background(self._restore, endpoint.name)

    def close(self) -> None:
        """Stop every container; the endpoints stay in the store and are served again at the next start."""
        self._context.closing.set()
        for thread in list(self._threads):
            thread.join()
        for deployment in list(self._deployments.values()):
            deployment.stop()
        self._deployments.clear()

    def _bring_up(self, name: str, revision: Revision) -> None:
        try:
            self._deployments[name] = self._deploy(name, revision)
        except DeploymentFailed as error:
            self._move(name, EndpointStatus.FAILED, str(error))
        else:
            self._move(name, EndpointStatus.IN_SERVICE)

    def _restore(self, name: str) -> None:
        endpoint = self.get(name)
        if endpoint.pending:
            with suppress(DeploymentFailed):
                self._deployments[name] = self._deploy(name, endpoint.revision)
            self._replace(name, endpoint.pending, 0.0)
            return
        if endpoint.status is EndpointStatus.IN_SERVICE:
            self._move(name, EndpointStatus.SYSTEM_UPDATING)
        self._bring_up(name, endpoint.revision)

    def _replace(self, name: str, revision: Revision, termination_wait_s: float) -> None:
        """The new deployment first; the old one is drained only when the new one is healthy."""
        try:
            new = self._deploy(name, revision)
        except DeploymentFailed as error:
            self._context.forget(name, revision)
            self._roll_back(name, self.get(name).revision, str(error))
            return
        old, self._deployments[name] = self._deployments.get(name), new
        self._context.closing.wait(termination_wait_s)
        before = self.get(name).revision
        self._change(name, lambda one: one.serving(revision).moved_to(EndpointStatus.IN_SERVICE, time.time()))
        if old:
            old.drain()
        self._context.forget(name, before)

    def _scale(self, name: str, before: Revision, revision: Revision) -> None:
        deployment = self._deployments[name]
        try:
            _reasoned(lambda: deployment.scale_to(revision))
        except DeploymentFailed as error:
            self._refuse_when_closing()
            deployment.scale_to(before)
            self._roll_back(name, before, str(error))
        else:
            self._move(name, EndpointStatus.IN_SERVICE)

    def _roll_back(self, name: str, revision: Revision, reason: str) -> None:
        if name not in self._deployments:
            self._change(name, lambda one: one.serving(revision).moved_to(EndpointStatus.FAILED, time.time(), reason))
            return
        self._change(name, lambda one: one.serving(revision).moved_to(EndpointStatus.ROLLING_BACK, time.time(), reason))
        self._move(name, EndpointStatus.IN_SERVICE, reason)

    def _take_down(self, name: str) -> None:
        deployment = self._deployments.pop(name, None)
        if deployment:
            deployment.stop()
        self._context.forget(name)
        self._store.remove(Endpoint, name)

    def _deploy(self, name: str, revision: Revision) -> Deployment:
        try:
            return _reasoned(lambda: deploy(self._context, name, revision))
        except DeploymentFailed:
            self._refuse_when_closing()
            raise

    def _revision(self, config: EndpointConfig) -> Revision:
        for variant in config.variants:
            require_quota(variant.instance_type or "Serverless", variant.instance_count, "endpoint")
        names = dict.fromkeys(variant.model_name for variant in config.variants)
        models = tuple(self._models.get(name) for name in names)
        return Revision.of(uuid.uuid4().hex, config, models, time.time())

    def _refuse_unknown_variants(self, endpoint: Endpoint, names: set[str]) -> None:
        if unknown := names - {target.name for target in endpoint.revision.targets}:
            quoted = ", ".join(f'"{name}"' for name in sorted(unknown))
            raise validation(
                f"The variant name(s) {quoted} is/are not present within endpoint configuration "
                f'"{endpoint.config_name}".'
            )

    def _refuse_when_closing(self) -> None:
        """What the emulator's own end broke off is taken up again at the next start."""
        if self._context.closing.is_set():
            raise _Closing

    def _missing(self, name: str) -> AwsError:
        return validation(f'Could not find endpoint "{self._arns.of(Endpoint.kind, name)}".')

    def _move(self, name: str, status: EndpointStatus, reason: str | None = None) -> None:
        self._change(name, lambda endpoint: endpoint.moved_to(status, time.time(), reason))

    def _change(self, name: str, change: Callable[[Endpoint], Endpoint]) -> Endpoint:
        try:
            return self._store.change(Endpoint, name, change)
        except NotFound:
            raise self._missing(name) from None

    def _in_background(self, work: Callable[..., None], name: str, *rest: Any) -> None:
        thread = threading.Thread(
            target=self._at_the_edge, args=(work, name, *rest), name=f"endpoint {name}", daemon=True
        )
        self._threads.add(thread)
        thread.start()

    def _at_the_edge(self, work: Callable[..., None], name: str, *rest: Any) -> None:
        try:
            with suppress(_Closing):
                work(name, *rest)
        except Exception:  # the edge of a thread
            log.exception("endpoint %s", name)
            self._move(name, EndpointStatus.FAILED, "InternalServerError: see the emulator's log")
        finally:
            self._threads.discard(threading.current_thread())


class _Closing(Exception):
    """The emulator ends while something is under way."""


def _reasoned(start: Callable[[], T]) -> T:
    """What goes wrong at a start, as the text of a FailureReason."""
    try:
        return start()
    except (StartFailed, EngineError, ArchiveError, AwsError, ValueError) as error:
        raise DeploymentFailed(str(error)) from error
    except AWS_ERRORS as error:
        raise DeploymentFailed(f"The model data could not be read from S3: {error}") from error


def _refuse_in_progress(endpoint: Endpoint) -> None:
    if endpoint.is_in_progress:
        raise validation(f'Cannot update in-progress endpoint "{endpoint.arn}".')


def _revision_ids(endpoint: Endpoint) -> set[str]:
    return {revision.id for revision in (endpoint.revision, endpoint.pending) if revision}


def _deployment_config(request: dict[str, Any]) -> dict[str, Any]:
    """DeploymentConfig, where it asks for what an update here does anyway: blue/green, all at once."""
    config: dict[str, Any] = request.get("DeploymentConfig", {})
    if "RollingUpdatePolicy" in config:
        raise validation("DeploymentConfig.RollingUpdatePolicy is not emulated: an update is blue/green, all at once.")
    routing = config.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {"Type": "ALL_AT_ONCE"})
    if routing["Type"] != "ALL_AT_ONCE":
        raise validation(
            f"TrafficRoutingConfiguration.Type {routing['Type']} is not emulated: every update is ALL_AT_ONCE."
        )
    if config.get("AutoRollbackConfiguration", {}).get("Alarms"):
        raise validation("AutoRollbackConfiguration.Alarms is not emulated: no alarm would ever roll the update back.")
    return config


def _termination_wait_s(deployment_config: dict[str, Any]) -> float:
    return float(deployment_config.get("BlueGreenUpdatePolicy", {}).get("TerminationWaitInSeconds", 0))
