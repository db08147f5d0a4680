"""Requests and responses between the HTTP server and a service, and the interface of a service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

JSON, JSON_LINES, CSV = "application/json", "application/jsonlines", "text/csv"
NPY, NPZ, ANY = "application/x-npy", "application/x-npz", "*/*"
TEXT_TYPES = (JSON, CSV)  # their bodies reach input_fn as text, all others as bytes
CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"


@dataclass(frozen=True)
class Request:
    """One invocation. The names of its headers are in lower case."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        """Return Content-Type, or the header ContentType of some AWS services, or an empty text."""
        return self.headers.get("contenttype") or self.headers.get("content-type", "")

    def accept(self, default: str) -> str:
        """Return Accept, or the default where the client takes anything."""
        accept = self.headers.get("accept", "")
        return default if accept in ("", ANY) else accept

    def content(self) -> str | bytes:
        """Return the body as input_fn gets it."""
        return self.body.decode() if self.content_type in TEXT_TYPES else self.body


@dataclass(frozen=True)
class Response:
    """An answer. Its status decides whether AWS reports a ModelError."""

    body: bytes
    content_type: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Service(Protocol):
    """A loaded model. It answers one request at a time; each worker process has its own."""

    def invoke(self, request: Request) -> Response:
        """Answer a request. An exception that leaves it is answered with 500, and its traceback is logged."""

    def execution_parameters(self) -> Response | None:
        """Return the answer of `/execution-parameters`, or None where the container has no such path."""


class UnsupportedFormat(Exception):
    """A content type that no default handler reads or writes. The text is AWS's own."""

    def __init__(self, content_type: str) -> None:
        super().__init__(
            f"Content type {content_type} is not supported by this framework.\n\n"
            "            Please implement input_fn to to deserialize the request data or an output_fn to\n"
            "            serialize the response. For more information, see the SageMaker Python SDK README."
        )


def body_of(result: Any) -> bytes:
    """Return a handler's result as bytes: text in UTF-8, bytes as they are."""
    if isinstance(result, str):
        return result.encode()
    if isinstance(result, (bytes, bytearray, memoryview)):
        return bytes(result)
    raise TypeError(f"the response must be text or bytes, not {type(result).__name__}")


def with_charset(content_type: str) -> str:
    """Return a type as Flask sends it: text of any kind has its charset."""
    return f"{content_type}; charset=utf-8" if content_type.startswith("text/") else content_type
