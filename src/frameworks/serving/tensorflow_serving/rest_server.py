"""TensorFlow Serving's REST API on a loopback port, for an inference.py that sends requests to `context.rest_uri`.

Requests: POST /v1/models/NAME[/versions/N]:predict, GET /v1/models/NAME[/versions/N].
"""

from __future__ import annotations

import json
import logging
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from frameworks.serving.tensorflow_serving.models import ModelNotFound, Models
from frameworks.serving.tensorflow_serving.tensors import BadRequest

PATH = re.compile(r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+))?(?::(?P<method>\w+))?")

log = logging.getLogger(__name__)


def answer(models: Models, path: str, request: str) -> tuple[int, dict[str, Any]]:
    """Return status and document for a request of the predict API."""
    match = PATH.fullmatch(path)
    if match is None or not match["method"]:
        return 400, {"error": f"Malformed request: POST {path}"}
    if match["method"] != "predict":
        return 400, {"error": f"The method {match['method']!r} is not served: only predict is"}
    try:
        return 200, models.find(match["name"], match["version"]).predict(request)
    except ModelNotFound as error:
        return 404, {"error": str(error)}
    except BadRequest as error:
        return 400, {"error": str(error)}


def status_of(models: Models, path: str) -> tuple[int, dict[str, Any]]:
    """Return the status of a model's versions: all that exist are available."""
    match = PATH.fullmatch(path)
    versions = models.versions.get(match["name"], {}) if match else {}
    if match and match["version"]:
        versions = {number: model for number, model in versions.items() if number == int(match["version"])}
    if not versions:
        return 404, {"error": f"Could not find any versions of model {match['name'] if match else path}"}
    available = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    return 200, {"model_version_status": [{"version": str(number), **available} for number in versions]}


class RestServer(ThreadingHTTPServer):
    """The API in a thread of the worker process."""

    daemon_threads = True

    def __init__(self, models: Models) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.models = models

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, name="TensorFlow Serving's REST API", daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(*status_of(cast(RestServer, self.server).models, self.path))

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
        self._answer(*answer(cast(RestServer, self.server).models, self.path, request))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the overridden method
        log.debug(format, *args)

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document, indent=4).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
