"""The WSGI environment of a request, with what LocalStack reads beyond the standard (PEP 3333)."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from localstack_plugin.gateway.http_server.messages import Request

ORIGIN_OF_TARGET = re.compile(r"[^/?]*://[^/?]*")
HOST = re.compile(r"\[?(?P<name>.*?)\]?(:\d+)?")
NAMES = 1024
PATHS = 256


def environment(request: Request) -> dict[str, Any]:
    head = request.head
    path, _, query = head.target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": head.method,
        "REMOTE_ADDR": request.peer[0],
        "REMOTE_PORT": str(request.peer[1]),
        "SCRIPT_NAME": "",
        "PATH_INFO": _path_info(path),
        "QUERY_STRING": query,
        "CONTENT_TYPE": "",
        "CONTENT_LENGTH": "",
        "SERVER_NAME": request.own[0],
        "SERVER_PORT": str(request.own[1]),
        "SERVER_PROTOCOL": head.version,
        "REQUEST_URI": head.target,
        "RAW_URI": head.target,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.run_once": False,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.errors": sys.stderr,
        "wsgi.input": request.body,
        "wsgi.input_terminated": True,
    }
    for name, value in head.headers:
        key = _key(name)
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ["CONTENT_TYPE"] = environ.get("HTTP_CONTENT_TYPE", "")
    environ["CONTENT_LENGTH"] = environ.get("HTTP_CONTENT_LENGTH", "")
    if "HTTP_HOST" in environ and (host := HOST.fullmatch(environ["HTTP_HOST"])):
        environ["SERVER_NAME"] = host["name"]
    return environ


@lru_cache(NAMES)
def _key(name: str) -> str:
    return "HTTP_" + name.upper().replace("-", "_")


@lru_cache(PATHS)
def _path_info(path: str) -> str:
    """The decoded path, of a target in absolute form (RFC 9112, 3.2.2), too. PEP 3333 has bytes as Latin-1."""
    if not path.startswith("/"):
        path = ORIGIN_OF_TARGET.sub("", path, count=1) or "/"
    return unquote_to_bytes(path).decode("latin-1")
