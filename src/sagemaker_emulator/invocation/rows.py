"""The passage of a request through an instance: its only container, all of its containers in turn, or one by name.

In an inference pipeline the body and the content type of an answer are the next container's request. The caller's
Accept is for the last answer alone: the containers before it choose a format of their own, as SAGEMAKER_DEFAULT_-
INVOCATIONS_ACCEPT of AWS's images says. An answer outside 2xx ends the passage.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import msgspec
from msgspec.structs import replace

from sagemaker_emulator.errors import runtime_validation
from sagemaker_emulator.hosting.instances import Instance
from sagemaker_emulator.hosting.serving_container import ServingContainer
from sagemaker_emulator.invocation.container_http import (
    AnswerTooLarge,
    BrokenAnswer,
    CannotConnect,
    Connection,
    Connections,
)
from sagemaker_emulator.invocation.multi_model.multi_models import ModelInUse, MultiModels
from sagemaker_emulator.invocation.requests import DEFAULT_CONTENT_TYPE, TARGET_MODEL, Outgoing
from sagemaker_emulator.invocation.visits import Visit
from sagemaker_emulator.resources.model import Row

NOT_LOADED = 404  # a model may answer so itself; the next load then finds it loaded
ANSWER_MAX_BYTES = 25 << 20  # the quota of InvokeEndpoint. Source: the developer guide, model deployment options


class Passage(msgspec.Struct):
    """The containers that a request has visited, and the model that it used in a multi-model container.

    A Struct, because every invocation creates one.
    """

    endpoint: str
    variant: str = ""
    visits: list[Visit] = []
    model: ModelInUse | None = None
    waited_us: int = 0  # for a model

    def end(self) -> None:
        if self.model:
            self.model.end()
            self.model = None


class PayloadTooLarge(AnswerTooLarge):
    """The answer of a container is too large to be the next one's request; the text is AWS's."""


@dataclass(frozen=True)
class ContainerRows:
    """The connections to the containers of all instances, and the models of those that are multi-model."""

    connections: Connections
    models: MultiModels

    async def pass_through(self, instance: Instance, request: Outgoing, passage: Passage) -> Connection:
        """Send a request through an instance, and return when the head of the last answer has arrived.

        Add the containers that are asked to the passage, unless the instance has only one. Raises CannotConnect if no
        container has seen the request, BrokenAnswer or TimeoutError.
        """
        if instance.row is Row.SINGLE:
            if instance.is_multi_model:
                return await self._ask_model(instance.containers[0], request, passage)
            url = f"{instance.containers[0].address}/invocations"  # the hot path: without a coroutine of its own
            return await self.connections.send("POST", url, request.headers, request.body, request.timeout_s)
        if instance.row is Row.DIRECT:
            named = next(one for one in instance.containers if one.definition.name == request.target_container)
            return await self._visit(named, request, passage)
        return await self._pass_in_turn(instance.containers, request, passage)

    def preferred(self, instance: Instance, others: Iterable[Instance], request: Outgoing) -> Instance:
        """Return the one of these instances that has the request's model in memory, if any has; else `instance`."""
        if request.target_model is None or not instance.is_multi_model:
            return instance
        return self.models.preferred(instance, others, request.target_model)

    async def _pass_in_turn(
        self, containers: tuple[ServingContainer, ...], request: Outgoing, passage: Passage
    ) -> Connection:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + request.timeout_s
        headers = {name: value for name, value in request.headers.items() if name != "Accept"}
        body = request.body
        for container, following in pairwise(containers):
            part = replace(request, headers=headers, body=body, timeout_s=deadline - loop.time())
            connection = await self._visit(container, part, passage)
            if not 200 <= connection.status < 300:
                return connection
            body = await _answer_for(following, connection, passage.visits[-1])
            headers = {**headers, "Content-Type": connection.headers.get("content-type", DEFAULT_CONTENT_TYPE)}
        headers = {**headers, "Accept": request.headers["Accept"]}
        last = replace(request, headers=headers, body=body, timeout_s=deadline - loop.time())
        return await self._visit(containers[-1], last, passage)

    async def _visit(self, container: ServingContainer, request: Outgoing, passage: Passage) -> Connection:
        """Ask one container of several."""
        visits = passage.visits
        visits.append(Visit(container.definition.name))
        ask = self._ask_model if container.definition.is_multi_model else self._ask
        try:
            connection = await ask(container, request, passage)
        except CannotConnect as error:
            if len(visits) == 1:
                visits.clear()
                raise
            raise BrokenAnswer(f"it refuses connections: {error}") from error  # those before it have answered
        visits[-1].status = connection.status
        return connection

    async def _ask(self, container: ServingContainer, request: Outgoing, _: Passage) -> Connection:
        url = f"{container.address}/invocations"
        return await self.connections.send("POST", url, request.headers, request.body, request.timeout_s)

    async def _ask_model(self, container: ServingContainer, request: Outgoing, passage: Passage) -> Connection:
        """Ask the request's target model, once the container has loaded it."""
        assert request.target_model is not None
        started = time.perf_counter_ns()
        used = await self.models.use(
            container, request.target_model, passage.endpoint, passage.variant, request.timeout_s
        )
        passage.model, passage.waited_us = used, (time.perf_counter_ns() - started) // 1000
        url = f"{container.address}/models/{used.model.name}/invoke"
        headers = {**request.headers, TARGET_MODEL: request.target_model}
        left_s = request.timeout_s - passage.waited_us / 1e6
        connection = await self.connections.send("POST", url, headers, request.body, left_s)
        if connection.status == NOT_LOADED:
            used.forget()
        return connection


async def _answer_for(following: ServingContainer, connection: Connection, visit: Visit) -> bytes:
    """Return the body of an answer, for the container that comes next."""
    try:
        body = await connection.read(ANSWER_MAX_BYTES)
    except AnswerTooLarge as error:
        # source: troubleshoot inference pipelines, error messages
        raise PayloadTooLarge(
            f"Received response from {visit.container} with status code {connection.status}. However, the request "
            f"payload from {visit.container} to {following.definition.name} has exceeded the maximum limit of "
            f"{ANSWER_MAX_BYTES >> 20} MB."
        ) from error
    finally:
        connection.release()
    visit.ended_ns = time.perf_counter_ns()
    return body


def require_targets(endpoint: str, instance: Instance, request: Outgoing) -> None:
    """Raise ValidationError unless the request names a model and a container exactly where the instance needs them."""
    if (request.target_model is None) is instance.is_multi_model:
        if instance.is_multi_model:
            raise runtime_validation(
                f"Request {uuid.uuid4()} is missing a target model header: endpoint {endpoint} is a multi-model "
                "endpoint. Name the model in TargetModel."
            )
        raise runtime_validation(
            f"Endpoint {endpoint} is not a multi-model endpoint and does not support target model header."
        )
    if instance.row is Row.DIRECT:
        _require_container(endpoint, instance, request.target_container)
    elif request.target_container is not None:
        raise runtime_validation(
            f"Endpoint {endpoint} is not configured for direct invocation and does not support target container "
            "hostname header."
        )


def _require_container(endpoint: str, instance: Instance, name: str | None) -> None:
    names = [container.definition.name for container in instance.containers]
    if name is None:
        raise runtime_validation(
            f"Request {uuid.uuid4()} is missing a target container hostname header: endpoint {endpoint} is configured "
            f"for direct invocation. Name one of {', '.join(names)} in TargetContainerHostname."
        )
    if name not in names:
        raise runtime_validation(f"Container {name} was not found for endpoint {endpoint}")
