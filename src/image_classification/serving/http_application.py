"""The HTTP side of SageMaker's serving contract: `/ping`, `/invocations`, `/execution-parameters`."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from aiohttp import HttpVersion11, web

from image_classification.data.preparation import UnreadableImageError
from image_classification.serving.predictor import Predictor

CONTENT_TYPES = ("application/x-image", "image/png", "image/jpeg")
JSON, JSON_LINES = "application/json", "application/jsonlines"
BODY_TIMEOUT_S = 60  # SageMaker waits no longer for the answer
# Inference below these limits runs on the event loop: handing it to a thread would cost more than it saves, and other
# connections hardly notice the wait.
QUICK_MODEL_S, SMALL_IMAGE_BYTES = 0.005, 16384
POLL_S = 0.02


@dataclass
class InferenceServer:
    """The routes of one worker. `in_flight` counts the invocations that are not answered yet.

    A container with many models has no `predictor` of its own.
    """

    predictor: Predictor | None
    threads: ThreadPoolExecutor  # decoding and inference both release Python's lock
    max_concurrent_transforms: int
    max_payload_mb: int
    in_flight: int = 0
    ending: bool = False

    def application(self) -> web.Application:
        application = web.Application(client_max_size=self.max_payload_mb << 20)
        application.router.add_get("/ping", self.ping)
        application.router.add_post("/invocations", self.invocations, expect_handler=send_continue)
        application.router.add_get("/execution-parameters", self.execution_parameters)
        return application

    async def ping(self, request: web.Request) -> web.Response:
        return web.Response()

    async def execution_parameters(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "MaxConcurrentTransforms": self.max_concurrent_transforms,
                "BatchStrategy": "SINGLE_RECORD",
                "MaxPayloadInMB": self.max_payload_mb,
            }
        )

    async def drain(self, timeout_s: float) -> None:
        """Wait until every invocation in flight is answered, those included whose body is still arriving.

        From now on each answer closes its connection.
        """
        self.ending = True
        deadline = time.monotonic() + timeout_s
        while self.in_flight and time.monotonic() < deadline:
            await asyncio.sleep(POLL_S)

    async def invocations(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        try:
            answer: web.StreamResponse = await self.invoke(request)
        except web.HTTPException as refusal:
            answer = refusal
        finally:
            self.in_flight -= 1
        if self.ending:
            answer.force_close()
        return answer

    async def invoke(self, request: web.Request) -> web.Response:
        if request.content_type not in CONTENT_TYPES:
            supported = f"Supported content-types: {', '.join(CONTENT_TYPES)}"
            problem = f"Content-type {printable(request.content_type)} not supported"
            raise web.HTTPUnsupportedMediaType(text=f"{problem}. {supported}")
        answer_type = accepted_type(request.headers.getall("Accept", [JSON]))
        image = await self.read_payload(request)
        try:
            probabilities = await self.predict(self.predictor_of(request), image)
        except UnreadableImageError as error:
            raise web.HTTPBadRequest(text=f"The image of {len(image)} bytes cannot be classified: {error}") from error
        if answer_type == JSON_LINES:
            return response(json.dumps({"prediction": probabilities}) + "\n", JSON_LINES)
        return response(json.dumps(probabilities), JSON)

    async def read_payload(self, request: web.Request) -> bytes:
        too_large = f"The image is larger than the limit of {self.max_payload_mb} MB"
        if (request.content_length or 0) > self.max_payload_mb << 20:
            raise web.HTTPRequestEntityTooLarge(self.max_payload_mb << 20, request.content_length or 0, text=too_large)
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                return await request.read()
        except web.HTTPRequestEntityTooLarge as error:  # sent in chunks, so without a Content-Length
            error.text = too_large
            raise
        except TimeoutError as error:
            raise web.HTTPRequestTimeout(text=f"The image did not arrive within {BODY_TIMEOUT_S} s") from error

    def predictor_of(self, request: web.Request) -> Predictor:
        assert self.predictor is not None
        return self.predictor

    async def predict(self, predictor: Predictor, image: bytes) -> list[float]:
        if predictor.inference_s < QUICK_MODEL_S and len(image) < SMALL_IMAGE_BYTES:
            return predictor.predict(image)
        return await asyncio.get_running_loop().run_in_executor(self.threads, predictor.predict, image)


async def send_continue(request: web.Request) -> None:
    """Answer `Expect: 100-continue`. aiohttp's own handler fails on an Expect header that is not ASCII."""
    if request.version < HttpVersion11:
        return
    if request.headers["Expect"].lower() != "100-continue":
        raise web.HTTPExpectationFailed(text="Only 100-continue can be expected")
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0


def accepted_type(headers: list[str]) -> str:
    """Return the first type in the Accept headers that this server can answer with, or raise 406."""
    for part in ",".join(headers).split(","):
        wanted = part.split(";")[0].strip().lower()
        if wanted in ("", "*/*", "application/*", JSON):
            return JSON
        if wanted == JSON_LINES:
            return JSON_LINES
    offered = f"Supported types: {JSON}, {JSON_LINES}"
    raise web.HTTPNotAcceptable(text=f"Accept {printable(', '.join(headers))} not supported. {offered}")


def printable(header: str) -> str:
    """Escape bytes that are not UTF-8: a header may have them, the text of an answer may not."""
    return header.encode(errors="backslashreplace").decode()


def response(text: str, content_type: str) -> web.Response:
    """Build an answer without a charset: AWS's container names none, and data capture records the type as sent."""
    return web.Response(body=text.encode(), headers={"Content-Type": content_type})
