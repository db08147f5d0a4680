"""Client of the containers of one instance: an invocation passes through all of them, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from sagemaker_emulator.transform.model_client import Body, ClientConfig, ModelClient


@dataclass(frozen=True)
class RowClient:
    """One client for each container, in their order. All requests end early when the job is halted."""

    clients: Sequence[ModelClient]

    def wait_until_healthy(self, timeout_s: float) -> None:
        """Wait until each `GET /ping` answers 200. JobFailed when one does not in time."""
        for client in self.clients:
            client.wait_until_healthy(timeout_s)

    def require_alive(self) -> None:
        """JobFailed when a container has exited."""
        for client in self.clients:
            client.require_alive()

    def execution_parameters(self) -> dict[str, Any]:
        """Return the answer to /execution-parameters of the first container, which gets the payloads."""
        return self.clients[0].execution_parameters()

    def invoke(self, body: bytes | Path, config: ClientConfig, chunked: bool = False) -> BinaryIO:
        """Return the last answer, to be read from its beginning. InvocationFailed for a container that does not answer.

        As for endpoints, only the last container gets the job's Accept.
        """
        return _passed(self.clients, body, config, config.headers.get("Content-Type"), chunked)


def _passed(
    clients: Sequence[ModelClient], body: Body, config: ClientConfig, content_type: str | None, chunked: bool
) -> BinaryIO:
    first, *rest = clients
    headers = {"Content-Type": content_type, "Accept": None if rest else config.headers.get("Accept")}
    asked = replace(config, headers={name: value for name, value in headers.items() if value})
    answer, answer_type = first.ask(body, asked, chunked)
    if not rest:
        return answer
    with answer:
        return _passed(rest, answer, config, answer_type, chunked=False)
