"""The API by which a multi-model container loads and unloads models.

Source: the contract for custom containers to serve multiple models (mms-container-apis).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from sagemaker_emulator.hosting.serving_container import ServingContainer
from sagemaker_emulator.invocation.container_http import Connections

ANSWER_MAX_BYTES = 64 << 10
JSON = {"Content-Type": "application/json", "Accept": "application/json"}
IS_LOADED = 409
NO_MEMORY = 507


@dataclass(frozen=True)
class ContainerAnswer:
    """The answer to a request to load or unload. `text` is its beginning."""

    status: int
    text: str

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class LoadRefused(ConnectionError):
    """The container could not load a model; the text is its own."""

    def __init__(self, answer: ContainerAnswer) -> None:
        super().__init__(answer.text)
        self.status = answer.status


@dataclass(frozen=True)
class ContainerApi:
    """Requests to one container. All raise CannotConnect, BrokenAnswer or TimeoutError."""

    connections: Connections
    container: ServingContainer

    async def load(self, name: str, path: str, timeout_s: float) -> ContainerAnswer:
        """Ask the container to load the model whose files are in `path`."""
        body = json.dumps({"model_name": name, "url": path}).encode()
        return await self._request("POST", "/models", body, timeout_s)

    async def unload(self, name: str, timeout_s: float) -> ContainerAnswer:
        return await self._request("DELETE", f"/models/{name}", b"", timeout_s)

    async def _request(self, method: str, path: str, body: bytes, timeout_s: float) -> ContainerAnswer:
        url = f"{self.container.address}{path}"
        connection = await self.connections.send(method, url, JSON, body, timeout_s)
        try:
            text = await connection.read_beginning(ANSWER_MAX_BYTES)
        finally:
            connection.release()
        return ContainerAnswer(connection.status, text.decode(errors="replace"))
