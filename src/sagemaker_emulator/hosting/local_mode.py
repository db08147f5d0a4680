"""Endpoints that SageMaker local mode serves on this machine, recognized by the labels of their containers.

The label `sagemaker.endpoint` is the name of the endpoint. `sagemaker.endpoint-config`, which is optional, is JSON with
ProductionVariants and DataCaptureConfig as in CreateEndpointConfig. The program that starts a container sets the labels
(docs/adr/0008).
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.hosting.deployments import Deployment, deploy
from sagemaker_emulator.hosting.launcher import HostingContext
from sagemaker_emulator.hosting.serving_container import StartFailed
from sagemaker_emulator.resources.endpoint import Revision
from sagemaker_emulator.resources.endpoint_config import EndpointConfig
from sagemaker_emulator.resources.model import Model

ENDPOINT = "sagemaker.endpoint"
ENDPOINT_CONFIG = "sagemaker.endpoint-config"
SOCKET = Path("/var/run/docker.sock")
RETRY_S = 2.0
STARTUP_S = 300.0
CHANGES = {"start", "die", "destroy"}
VARIANT = {"VariantName": "AllTraffic", "ModelName": "local-mode"}

log = logging.getLogger(__name__)


class LocalMode:
    """The endpoints of local mode, by Docker's events.

    It neither starts nor ends containers; without Docker it finds none.
    """

    def __init__(self, hosting: HostingContext, network: str | None = None) -> None:
        self._hosting, self._network = hosting, network
        self._served: dict[str, Deployment] = {}  # by container id, in the order of creation
        self._known: set[str] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._stop_following: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._watch, name="local mode", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._stop_following()
        if self._thread.is_alive():
            self._thread.join()
        self._drop_all_but(set())

    def deployment(self, endpoint: str) -> Deployment | None:
        """Return the deployment of the newest healthy container that serves an endpoint, or None."""
        return next((one for one in reversed(list(self._served.values())) if one.endpoint_name == endpoint), None)

    def _watch(self) -> None:
        while not self._closing.is_set():
            if docker_may_run(os.environ):
                self._connect()
            self._closing.wait(RETRY_S)

    def _connect(self) -> None:
        import docker  # imported here: it adds half as much memory again

        from sagemaker_emulator.engine.attached_container import DOCKER_ERRORS

        try:
            with closing(docker.from_env()) as client:
                self._follow(client)
        except DOCKER_ERRORS as error:
            log.debug("no Docker engine answers: %s", error)

    def _follow(self, client: Any) -> None:
        """Subscribe to events before listing the containers, so that nothing in between is missed."""
        events = client.events(decode=True, filters={"type": "container", "label": ENDPOINT})
        self._stop_following = events.close
        if self._closing.is_set():  # `close` came before there was anything to stop
            events.close()
            return
        try:
            self._update(client)
            for event in events:
                if event.get("Action") in CHANGES:
                    self._update(client)
        finally:
            events.close()

    def _update(self, client: Any) -> None:
        """Attach new containers, and drop those that have ended."""
        if self._closing.is_set():
            return
        running = client.containers.list(filters={"label": ENDPOINT}, ignore_removed=True)
        self._drop_all_but({container.id for container in running})
        for container in sorted(running, key=lambda one: str(one.attrs["Created"])):
            if container.id not in self._known:
                self._known.add(container.id)
                threading.Thread(target=self._attach, args=(client, container), daemon=True).start()

    def _attach(self, client: Any, container: Any) -> None:
        from sagemaker_emulator.engine.attached_container import AttachedEngine

        name = container.labels[ENDPOINT]
        context = replace(
            self._hosting, engine=AttachedEngine(client, container, self._network), start_timeout_s=STARTUP_S
        )
        try:
            deployment = deploy(
                context, name, revision_of(container.id, container.labels, container.attrs["Config"]["Image"])
            )
        except (StartFailed, EngineError, ValueError, LookupError, TypeError) as error:
            log.warning("endpoint %s of local mode, container %s: %s", name, container.name, error)
            return
        with self._lock:
            if container.id in self._known:
                self._served[container.id] = deployment
                log.info("endpoint %s is served by local mode, container %s", name, container.name)
                return
        deployment.stop()

    def _drop_all_but(self, running: set[str]) -> None:
        with self._lock:
            self._known &= running
            gone = [self._served.pop(id_) for id_ in set(self._served) - running]
        for deployment in gone:
            log.info("endpoint %s is no longer served by local mode", deployment.endpoint_name)
            deployment.stop()


def docker_may_run(environment: Mapping[str, str], socket: Path = SOCKET) -> bool:
    """Return whether an engine may have an address here. To import Docker's SDK only to ask it would cost memory.

    Docker Desktop, Colima and rootless Docker have a socket of their own, which a context in the user's folder names.
    """
    folder = Path(environment.get("DOCKER_CONFIG") or Path(environment.get("HOME", "/"), ".docker"))
    named = "DOCKER_HOST" in environment or "DOCKER_CONTEXT" in environment
    return named or socket.exists() or (folder / "contexts").is_dir()


def revision_of(container_id: str, labels: dict[str, str], image: str) -> Revision:
    """Return the revision that a container's labels describe. Bad labels raise ValueError, LookupError or TypeError."""
    request = {"ProductionVariants": [VARIANT], **json.loads(labels.get(ENDPOINT_CONFIG, "{}"))}
    now = time.time()
    config = EndpointConfig(labels[ENDPOINT], "", request, now)
    names = dict.fromkeys(variant.model_name for variant in config.variants)
    models = tuple(Model(name, "", {"PrimaryContainer": {"Image": image}}, now) for name in names)
    revision = Revision.of(container_id[:12], config, models, now)
    first = revision.targets[0].name  # local mode serves only the first variant
    return revision.with_targets({}, {target.name: int(target.name == first) for target in revision.targets})
