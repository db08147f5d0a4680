"""SageMaker's API for multi-model containers: models are loaded, listed, invoked and unloaded by name.

Source: the contract for custom containers to serve multiple models. One worker has all models, because a request to
load a model reaches only one worker.
"""

import asyncio
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from image_classification.model_artifacts import UnusableModelError
from image_classification.serving.http_application import InferenceServer, send_continue
from image_classification.serving.memory import available_bytes
from image_classification.serving.predictor import Predictor, load_predictor

REQUEST_MAX_BYTES = 64 << 10
MEMORY_PER_FILE_BYTE = 2  # a loaded network and what it computes with, for each byte of its file

log = logging.getLogger(__name__)


class InsufficientMemory(web.HTTPException):
    """507, after which SageMaker unloads another model and asks again."""

    status_code = 507


@dataclass(frozen=True)
class LoadedModel:
    """A model by the name and the folder that SageMaker gave."""

    name: str
    folder: str
    predictor: Predictor

    def described(self) -> dict[str, str]:
        return {"modelName": self.name, "modelUrl": self.folder}


@dataclass
class MultiModelServer(InferenceServer):
    """The routes of a container with many models, or with none yet."""

    models: dict[str, LoadedModel] = field(default_factory=dict)
    one_load: asyncio.Lock = field(default_factory=asyncio.Lock)

    def application(self) -> web.Application:
        application = web.Application(client_max_size=self.max_payload_mb << 20)
        application.router.add_get("/ping", self.ping)
        application.router.add_get("/models", self.list_models)
        application.router.add_post("/models", self.load_model)
        application.router.add_get("/models/{name}", self.get_model)
        application.router.add_delete("/models/{name}", self.unload_model)
        application.router.add_post("/models/{name}/invoke", self.invocations, expect_handler=send_continue)
        return application

    async def list_models(self, request: web.Request) -> web.Response:
        return web.json_response({"models": [model.described() for model in self.models.values()]})

    async def get_model(self, request: web.Request) -> web.Response:
        return web.json_response(self.model_of(request).described())

    async def load_model(self, request: web.Request) -> web.Response:
        name, folder = await load_request(request)
        async with self.one_load:
            if name in self.models:
                raise web.HTTPConflict(text=f"The model {name} is loaded")
            require_memory(Path(folder))
            self.models[name] = LoadedModel(name, folder, await self.loaded(Path(folder)))
        log.info("Loaded the model %s from %s", name, folder)
        return web.json_response({"status": f"The model {name} is loaded"})

    async def unload_model(self, request: web.Request) -> web.Response:
        model = self.model_of(request)
        del self.models[model.name]
        log.info("Unloaded the model %s", model.name)
        return web.json_response({"status": f"The model {model.name} is unloaded"})

    def predictor_of(self, request: web.Request) -> Predictor:
        return self.model_of(request).predictor

    def model_of(self, request: web.Request) -> LoadedModel:
        """Return the model in the path. 404 if it is not loaded."""
        name = request.match_info["name"]
        if name not in self.models:
            raise web.HTTPNotFound(text="The model is not loaded")
        return self.models[name]

    async def loaded(self, folder: Path) -> Predictor:
        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads, load_predictor, folder)
        except UnusableModelError as error:
            raise web.HTTPInternalServerError(text=str(error)) from error
        except MemoryError as error:
            raise InsufficientMemory(text="There is no memory left for the model") from error


async def load_request(request: web.Request) -> tuple[str, str]:
    """Return the name and the folder in a request to load a model, or raise 400."""
    if (request.content_length or 0) > REQUEST_MAX_BYTES:
        raise web.HTTPRequestEntityTooLarge(REQUEST_MAX_BYTES, request.content_length or 0)
    try:
        members: Any = json.loads(await request.read())
        name, folder = members["model_name"], members["url"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise web.HTTPBadRequest(text='The body must be JSON with "model_name" and "url"') from error
    if not (isinstance(name, str) and name and isinstance(folder, str) and Path(folder).is_dir()):
        raise web.HTTPBadRequest(text='"model_name" must be a name and "url" an existing folder')
    return name, folder


def require_memory(folder: Path) -> None:
    """Raise 507 if the container's memory limit leaves too little for the files in a folder."""
    needed = MEMORY_PER_FILE_BYTE * sum(path.lstat().st_size for path in folder.rglob("*"))
    available = available_bytes()
    if available is not None and needed > available:
        raise InsufficientMemory(text=f"The model needs about {needed} bytes of memory, and {available} are left")
