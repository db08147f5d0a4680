"""The HTTP side of SageMaker's serving contract: `/ping`, `/invocations`, `/execution-parameters`."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from aiohttp import web

from image_classification.images import UnreadableImageError
from image_classification.predictor import Predictor

CONTENT_TYPES = ("application/x-image", "image/png", "image/jpeg")
JSON, JSON_LINES = "application/json", "application/jsonlines"


@dataclass(frozen=True)
class Server:
    predictor: Predictor
    threads: ThreadPoolExecutor  # decoding and inference both release Python's lock
    workers: int
    max_payload_mb: int

    def application(self) -> web.Application:
        application = web.Application(client_max_size=self.max_payload_mb << 20)
        application.router.add_get("/ping", self.ping)
        application.router.add_post("/invocations", self.invocations)
        application.router.add_get("/execution-parameters", self.execution_parameters)
        return application

    async def ping(self, request: web.Request) -> web.Response:
        return web.Response()

    async def execution_parameters(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "MaxConcurrentTransforms": self.workers,
                "BatchStrategy": "SINGLE_RECORD",
                "MaxPayloadInMB": self.max_payload_mb,
            }
        )

    async def invocations(self, request: web.Request) -> web.Response:
        if request.content_type not in CONTENT_TYPES:
            supported = f"Supported content-types: {', '.join(CONTENT_TYPES)}"
            raise web.HTTPUnsupportedMediaType(text=f"Content-type {request.content_type} not supported. {supported}")
        answer_type = accepted(request.headers.get("Accept", JSON))
        image = await self.payload(request)
        try:
            probabilities = await asyncio.get_running_loop().run_in_executor(
                self.threads, self.predictor.predict, image
            )
        except UnreadableImageError as error:
            raise web.HTTPBadRequest(text=f"The image of {len(image)} bytes cannot be classified: {error}") from error
        if answer_type == JSON_LINES:
            return answered(json.dumps({"prediction": probabilities}) + "\n", JSON_LINES)
        return answered(json.dumps(probabilities), JSON)

    async def payload(self, request: web.Request) -> bytes:
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge as error:
            error.text = f"The image is larger than the limit of {self.max_payload_mb} MB"
            raise


def accepted(header: str) -> str:
    """The first type of an Accept header that can be answered."""
    for part in header.split(","):
        wanted = part.split(";")[0].strip().lower()
        if wanted in ("", "*/*", "application/*", JSON):
            return JSON
        if wanted == JSON_LINES:
            return JSON_LINES
    raise web.HTTPNotAcceptable(text=f"Accept {header} not supported. Supported types: {JSON}, {JSON_LINES}")


def answered(text: str, content_type: str) -> web.Response:
    """AWS's container names no charset, and data capture shows the type as it was sent."""
    return web.Response(body=text.encode(), headers={"Content-Type": content_type})
