"""The HTTP side of SageMaker's serving contract, as a WSGI application: /ping, /invocations, /execution-parameters."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from frameworks.inference.messages import Request, Response, Service
from frameworks.serving.toolkits.flask_toolkit import FAILURE

Answer = Callable[["Environ"], Response]
Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
HEADER_PREFIX = "HTTP_"
NOT_FOUND = Response(b"", "text/plain", 404)
METHOD_NOT_ALLOWED = Response(b"", "text/plain", 405)

log = logging.getLogger(__name__)


class HttpApplication:
    """The routes of one worker process, whose model is loaded."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._routes: dict[str, tuple[str, Answer]] = {
            "/ping": ("GET", lambda _: Response(b"")),
            "/invocations": ("POST", self._invoke),
            "/execution-parameters": ("GET", lambda _: service.execution_parameters() or NOT_FOUND),
        }

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        response = self._respond(environ)
        status = HTTPStatus(response.status) if response.status in set(HTTPStatus) else None
        headers = [("Content-Type", response.content_type), *response.headers.items()]
        start_response(
            f"{response.status} {status.phrase if status else 'Unknown'}",
            [*headers, ("Content-Length", str(len(response.body)))],
        )
        return [response.body]

    def _respond(self, environ: Environ) -> Response:
        if environ["PATH_INFO"] not in self._routes:
            return NOT_FOUND
        method, answer = self._routes[environ["PATH_INFO"]]
        if environ["REQUEST_METHOD"] != method:
            return METHOD_NOT_ALLOWED
        try:
            return answer(environ)
        except Exception:  # the edge: the log has the reason
            log.exception("Exception on %s [%s]", environ["PATH_INFO"], method)
            return FAILURE

    def _invoke(self, environ: Environ) -> Response:
        # gunicorn ends the stream after Content-Length bytes, or after the last chunk
        return self._service.invoke(Request(environ["wsgi.input"].read(), headers_of(environ)))


def headers_of(environ: Environ) -> dict[str, str]:
    """Return a request's headers, with names in lower case."""
    headers = {
        name[len(HEADER_PREFIX) :].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith(HEADER_PREFIX)
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    return headers
