"""Values that enter and leave the wire layer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class HttpRequest:
    """`path` is still percent-encoded and has no query; header names are lower case, whatever they came as."""

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
    """One operation asked for; `input` is spelt and typed as the model spells it (timestamps: epoch seconds)."""

    service: str
    operation: str
    input: dict[str, Any] = field(default_factory=dict)


class AwsError(Exception):
    """An error that AWS names; `fields` are further modelled members, such as `OriginalStatusCode`."""

    def __init__(self, code: str, message: str, status: int = 400, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.fields: Mapping[str, Any] = dict(fields or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
