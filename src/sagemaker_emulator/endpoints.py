"""Endpoints: created, updated without downtime, deleted, and served again after a restart."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from sagemaker_emulator.archive import ArchiveError
from sagemaker_emulator.aws import AWS_ERRORS
from sagemaker_emulator.deployments import Deployment, HostingContext, deploy, validation_error
from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.errors import validation
from sagemaker_emulator.instances import StartFailed
from sagemaker_emulator.listing import Page, page
from sagemaker_emulator.models import EndpointConfigs, Models
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.endpoint import Endpoint, EndpointStatus
from sagemaker_emulator.store import AlreadyExists, NotFound, Store
from sagemaker_emulator.wire import AwsError

DRAIN_S = 60.0
DRAIN_POLL_S = 0.05

log = logging.getLogger(__name__)


class Endpoints:
    def __init__(
        self, store: Store, arns: Arns, context: HostingContext, configs: EndpointConfigs, models: Models
    ) -> None:
        self._store, self._arns, self._context = store, arns, context
        self._configs, self._models = configs, models
        self._deployments: dict[str, Deployment] = {}
        self._threads: set[threading.Thread] = set()
        self._closing = threading.Event()

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> Endpoint:
        name, now = request["EndpointName"], time.time()
        self._configs.get(request["EndpointConfigName"])
        arn = self._arns.of(Endpoint.kind, name)
        endpoint = Endpoint(name, arn, request["EndpointConfigName"], created=now, modified=now)
        try:
            self._store.add(endpoint, tags)
        except AlreadyExists as error:
            raise validation(f'Cannot create already existing endpoint "{error.existing}".') from error
        self._in_background(self._bring_up, name, EndpointStatus.FAILED)
        return endpoint

    def get(self, name: str) -> Endpoint:
        try:
            return self._store.get(Endpoint, name)
        except NotFound:
            raise validation(f'Could not find endpoint "{self._arns.of(Endpoint.kind, name)}".') from None

    def page(self, request: dict[str, Any]) -> Page:
        return page(self._store, Endpoint, request)

    def update(self, name: str, config_name: str) -> Endpoint:
        self._configs.get(config_name)
        self._refuse_in_progress(name)
        updating = self._change(name, lambda endpoint: endpoint.moved_to(EndpointStatus.UPDATING, time.time()))
        self._in_background(self._replace, name, config_name)
        return updating

    def delete(self, name: str) -> None:
        self._refuse_in_progress(name)
        self._change(name, lambda endpoint: endpoint.moved_to(EndpointStatus.DELETING, time.time()))
        self._in_background(self._take_down, name)

    def deployment(self, name: str) -> Deployment:
        """What serves an endpoint now. ValidationError, as the runtime says it, when nothing does."""
        if deployment := self._deployments.get(name):
            return deployment
        try:
            self._store.get(Endpoint, name)
        except NotFound:
            raise validation_error(f"Endpoint {name} of account {self._arns.account_id} not found.") from None
        raise validation_error(f"Endpoint {name} of account {self._arns.account_id} is not InService.")

    def live(self, name: str) -> Deployment | None:
        """What serves an endpoint now, if anything does."""
        return self._deployments.get(name)

    def recover(self) -> None:
        """After a restart: finish deletions, serve again what was served, fail what never was."""
        for endpoint in self._store.all(Endpoint):
            if endpoint.status is EndpointStatus.DELETING:
                self._store.remove(Endpoint, endpoint.name)
            elif endpoint.status is not EndpointStatus.FAILED:
                self._in_background(self._bring_up, endpoint.name, EndpointStatus.FAILED)

    def close(self) -> None:
        """Stop every container; the endpoints stay InService in the store and are served again at the next start."""
        self._closing.set()
        for thread in list(self._threads):
            thread.join(self._context.start_timeout_s)
        for deployment in list(self._deployments.values()):
            deployment.stop()
        self._deployments.clear()

    def _bring_up(self, name: str, on_failure: EndpointStatus) -> None:
        try:
            self._deployments[name] = self._deploy(name, self.get(name).config_name)
        except DeploymentFailed as error:
            if not self._closing.is_set():
                self._move(name, on_failure, str(error))
        else:
            if self.get(name).status is not EndpointStatus.IN_SERVICE:
                self._move(name, EndpointStatus.IN_SERVICE)

    def _replace(self, name: str, config_name: str) -> None:
        """The new deployment first; the old one is drained only when the new one is healthy."""
        try:
            new = self._deploy(name, config_name)
        except DeploymentFailed as error:
            self._roll_back(name, str(error))
            return
        old = self._deployments.get(name)
        self._deployments[name] = new
        self._change(
            name, lambda endpoint: endpoint.serving(config_name).moved_to(EndpointStatus.IN_SERVICE, time.time())
        )
        if old:
            _drain(old)

    def _roll_back(self, name: str, reason: str) -> None:
        if name not in self._deployments:
            self._move(name, EndpointStatus.FAILED, reason)
            return
        self._move(name, EndpointStatus.ROLLING_BACK, reason)
        self._move(name, EndpointStatus.IN_SERVICE, reason)

    def _take_down(self, name: str) -> None:
        deployment = self._deployments.pop(name, None)
        if deployment:
            deployment.stop()
        self._store.remove(Endpoint, name)

    def _deploy(self, name: str, config_name: str) -> Deployment:
        try:
            return deploy(self._context, name, self._configs.get(config_name), self._models.get)
        except (StartFailed, EngineError, ArchiveError, AwsError, ValueError) as error:
            raise DeploymentFailed(str(error)) from error
        except AWS_ERRORS as error:
            raise DeploymentFailed(f"The model data could not be read from S3: {error}") from error

    def _refuse_in_progress(self, name: str) -> None:
        endpoint = self.get(name)
        if endpoint.is_in_progress:
            raise validation(f'Cannot update in-progress endpoint "{endpoint.arn}".')

    def _move(self, name: str, status: EndpointStatus, reason: str | None = None) -> None:
        self._change(name, lambda endpoint: endpoint.moved_to(status, time.time(), reason))

    def _change(self, name: str, change: Callable[[Endpoint], Endpoint]) -> Endpoint:
        return self._store.change(Endpoint, name, change)

    def _in_background(self, work: Callable[..., None], name: str, *rest: Any) -> None:
        thread = threading.Thread(
            target=self._at_the_edge, args=(work, name, *rest), name=f"endpoint {name}", daemon=True
        )
        self._threads.add(thread)
        thread.start()

    def _at_the_edge(self, work: Callable[..., None], name: str, *rest: Any) -> None:
        try:
            work(name, *rest)
        except Exception:  # the edge of a thread
            log.exception("endpoint %s", name)
            self._move(name, EndpointStatus.FAILED, "InternalServerError: see the emulator's log")
        finally:
            self._threads.discard(threading.current_thread())


class DeploymentFailed(Exception):
    """A configuration could not be started; the text is the endpoint's FailureReason."""


def _drain(deployment: Deployment) -> None:
    """Let the requests in flight finish, then stop: an update drops none."""
    deadline = time.monotonic() + DRAIN_S
    while deployment.in_flight and time.monotonic() < deadline:
        time.sleep(DRAIN_POLL_S)
    deployment.stop()
