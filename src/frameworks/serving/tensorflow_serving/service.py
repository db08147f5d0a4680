"""The service of AWS's TensorFlow container: TensorFlow Serving itself, or the handlers of inference.py in front of it.

Source: tensorflowServing.js and python_service.py of the container
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

from frameworks.inference.messages import CUSTOM_ATTRIBUTES, JSON, JSON_LINES, Request, Response, body_of
from frameworks.serving.tensorflow_serving.models import Models
from frameworks.serving.tensorflow_serving.payloads import UnsupportedMediaType, attributes_of, request_of
from frameworks.serving.tensorflow_serving.rest_server import RestServer, answer

log = logging.getLogger(__name__)
Handler = Callable[["Payload", "HandlerContext"], tuple[Any, str]]


class Payload(io.BytesIO):
    """The body of an invocation, a stream as in the container."""


class HandlerContext(NamedTuple):
    """The `context` of handlers, with the container's fields. There is no gRPC here, so two are None."""

    model_name: str | None
    model_version: str | None
    method: str | None
    rest_uri: str
    grpc_port: str | None
    channel: Any
    custom_attributes: str | None
    request_content_type: str
    accept_header: str
    content_length: int


@dataclass(frozen=True)
class PlainService:
    """TensorFlow Serving without inference.py: payloads in JSON, JSON lines and CSV."""

    models: Models

    def invoke(self, request: Request) -> Response:
        attributes = attributes_of(request.headers.get(CUSTOM_ATTRIBUTES, ""))
        try:
            predict_request = request_of(request.body.decode(), request.content_type)
        except UnsupportedMediaType as error:
            return Response(json.dumps({"error": str(error)}).encode(), JSON, 415)
        status, document = answer(self.models, path_of(attributes, self.models.default), predict_request)
        accepted = request.headers.get("accept", "").replace(" ", "").split(",")
        if JSON in accepted or JSON_LINES in accepted:
            return Response(json.dumps(document).encode(), accepted[0], status)
        return Response(json.dumps(document, indent=4).encode(), JSON, status)

    def execution_parameters(self) -> Response | None:
        return None


@dataclass(frozen=True)
class HandlerService:
    """inference.py: its `handler`, or its `input_handler` and `output_handler` around a request to the REST API."""

    models: Models
    handler: Handler
    port: int

    @classmethod
    def load(cls, models: Models, module: ModuleType) -> HandlerService:
        """Take the handlers of a module. Raises NotImplementedError, with AWS's words, if it has none."""
        handler = getattr(module, "handler", None)
        if handler is None:
            before, after = getattr(module, "input_handler", None), getattr(module, "output_handler", None)
            if before is None or after is None:
                raise NotImplementedError("Handlers are not implemented correctly in user script.")
            handler = around_prediction(before, after)
        server = RestServer(models)
        server.start()
        return cls(models, handler, server.port)

    def invoke(self, request: Request) -> Response:
        attributes = attributes_of(request.headers.get(CUSTOM_ATTRIBUTES, ""))
        try:
            body, content_type = self.handler(Payload(request.body), self._context(request, attributes))
            return Response(body_of(body), content_type)
        except Exception as error:  # whatever the model raises is the answer to this request
            log.exception("exception handling request: %s", error)
            return Response(json.dumps({"error": str(error)}).encode(), JSON, 500)

    def execution_parameters(self) -> Response | None:
        return None

    def _context(self, request: Request, attributes: dict[str, str]) -> HandlerContext:
        return HandlerContext(
            model_name=attributes.get("tfs-model-name"),
            model_version=attributes.get("tfs-model-version"),
            method=attributes.get("tfs-method"),
            rest_uri=f"http://localhost:{self.port}{path_of(attributes, self.models.default)}",
            grpc_port=None,
            channel=None,
            custom_attributes=request.headers.get(CUSTOM_ATTRIBUTES),
            request_content_type=request.content_type or JSON,
            accept_header=request.headers.get("accept") or JSON,
            content_length=len(request.body),
        )


def around_prediction(before: Callable[..., Any], after: Callable[..., tuple[Any, str]]) -> Handler:
    import requests

    def handler(data: Payload, context: HandlerContext) -> tuple[Any, str]:
        response = requests.post(context.rest_uri, data=before(data, context), timeout=None)  # noqa: S113 - as AWS
        return after(response, context)

    return handler


def path_of(attributes: dict[str, str], default: str) -> str:
    """Return the path of the model that the custom attributes name."""
    version = f"/versions/{attributes['tfs-model-version']}" if "tfs-model-version" in attributes else ""
    return f"/v1/models/{attributes.get('tfs-model-name', default)}{version}:{attributes.get('tfs-method', 'predict')}"
