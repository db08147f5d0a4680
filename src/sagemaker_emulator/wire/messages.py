"""Values that enter and leave the wire layer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class HttpRequest:
    """`path` is still percent-encoded and has no query; `headers` has lower-case names."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", {name.lower(): value for name, value in self.headers.items()})


@dataclass(frozen=True)
class HttpResponse:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Call:
    """A call of one operation; `input` has the model's names and types, with timestamps as epoch seconds."""

    service: str
    operation: str
    input: dict[str, Any] = field(default_factory=dict)


class AwsError(Exception):
    """An error with AWS's name; `fields` are further members of the model, such as `OriginalStatusCode`."""

    def __init__(self, code: str, message: str, status: int = 400, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.fields: Mapping[str, Any] = dict(fields or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
