"""The front of a multi-model container: it loads and unloads models, and passes invocations on to their servers.

Source: the contract for custom containers to serve multiple models. A thread serves each connection.
"""

from __future__ import annotations

import json
import logging
import re
import signal
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from frameworks.inference.messages import JSON, Response
from frameworks.serving.multi_model.memory import available_bytes
from frameworks.serving.multi_model.model_server import LoadFailed, ModelServer
from frameworks.serving.settings import ServingSettings

REQUEST_MAX_BYTES = 64 << 10
BODY_MAX_BYTES = 128 << 20
INSUFFICIENT_MEMORY = 507
MODEL_PATH = re.compile(r"/models/(?P<name>[^/?]+)(?P<ending>/invoke)?")

log = logging.getLogger(__name__)


class Models:
    """The loaded models, by name. One is loaded at a time, so that two do not take the same memory."""

    def __init__(self, framework: str, timeout_s: float) -> None:
        self._framework, self._timeout_s = framework, timeout_s
        self._by_name: dict[str, ModelServer] = {}
        self._one_load = threading.Lock()

    def names(self) -> Response:
        return _json(200, {"models": [_described(model) for model in list(self._by_name.values())]})

    def describe(self, name: str) -> Response:
        model = self._by_name.get(name)
        return _json(200, _described(model)) if model else _not_found(name)

    def load(self, name: str, folder: Path) -> Response:
        with self._one_load:
            if name in self._by_name:
                return _error(409, f"Model {name} is already registered.")
            needed, available = _size_bytes(folder), available_bytes()
            if available is not None and needed > available:
                return _error(INSUFFICIENT_MEMORY, f"The model has {needed} bytes, and {available} bytes are left.")
            model = ModelServer(name, folder, self._framework, self._timeout_s)
            try:
                model.start()
            except LoadFailed as error:
                model.stop()
                return _error(INSUFFICIENT_MEMORY if error.killed else 500, str(error))
            self._by_name[name] = model
        return _json(200, {"status": "Workers scaled"})

    def unload(self, name: str) -> Response:
        model = self._by_name.pop(name, None)
        if model is None:
            return _not_found(name)
        model.stop()
        return _json(200, {"status": f'Model "{name}" unregistered'})

    def invoke(self, name: str, body: bytes, headers: dict[str, str]) -> Response:
        model = self._by_name.get(name)
        if model is None:
            return _not_found(name)
        try:
            return model.invoke(body, headers)
        except (OSError, LoadFailed) as error:
            log.exception("model %s", name)
            return _error(500, f"The server of the model did not answer: {error}")

    def stop(self) -> None:
        for model in list(self._by_name.values()):
            model.stop()


class Handler(BaseHTTPRequestHandler):
    """The routes. `models` is set on the class that a server uses."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write for head and body: a second one would wait for the acknowledgment of the first
    disable_nagle_algorithm = True
    models: Models

    def do_GET(self) -> None:
        if self.path == "/ping":
            self._answer(Response(b""))
        elif self.path.partition("?")[0] == "/models":
            self._answer(self.models.names())
        else:
            self._with_name(None, self.models.describe)

    def do_DELETE(self) -> None:
        self._with_name(None, self.models.unload)

    def do_POST(self) -> None:
        limit = REQUEST_MAX_BYTES if self.path == "/models" else BODY_MAX_BYTES
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > limit:
            self.close_connection = True  # the body is not read
            self._answer(_error(411 if not length else 413, f"The body must have a length of at most {limit} bytes."))
            return
        body = self.rfile.read(int(length))
        if self.path == "/models":
            self._answer(self._load(body))
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._with_name("/invoke", lambda name: self.models.invoke(name, body, headers))

    def _load(self, body: bytes) -> Response:
        try:
            members: Any = json.loads(body)
            name, folder = members["model_name"], Path(members["url"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return _error(400, 'The body must be JSON with "model_name" and "url".')
        if not isinstance(name, str) or not name or not folder.is_dir():
            return _error(400, '"model_name" must be a name and "url" an existing folder.')
        return self.models.load(name, folder)

    def _with_name(self, ending: str | None, act: Callable[[str], Response]) -> None:
        match = MODEL_PATH.fullmatch(self.path)
        is_known = match is not None and match["ending"] == ending
        self._answer(act(match["name"]) if match and is_known else _error(404, "There is no such path."))

    def _answer(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in {"Content-Type": response.content_type, **response.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    def log_message(self, *_: object) -> None:
        pass


class Front(ThreadingHTTPServer):
    """The HTTP server of the container."""

    daemon_threads = True
    request_queue_size = 1024


def serve_models(framework: str, settings: ServingSettings) -> int:
    """Serve until SIGTERM; return 0."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout)
    models = Models(framework, settings.timeout_s)
    handler = type("BoundHandler", (Handler,), {"models": models})
    front = Front((settings.host, settings.port), handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=front.shutdown).start())
    front.serve_forever()
    models.stop()
    return 0


def _size_bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))


def _described(model: ModelServer) -> dict[str, str]:
    return {"modelName": model.name, "modelUrl": str(model.folder)}


def _not_found(name: str) -> Response:
    return _error(404, f"Model not found: {name}")


def _error(code: int, message: str) -> Response:
    return _json(code, {"code": code, "message": message})


def _json(status: int, document: Any) -> Response:
    return Response(json.dumps(document).encode(), JSON, status)
