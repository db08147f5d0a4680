"""botocore's service models, without their documentation, resolved one shape at a time.

The SageMaker model is 4 MB of JSON, nine tenths of it prose; an idle emulator should not hold that in memory.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import botocore

Definition = dict[str, Any]
Value = Any  # its type depends on a shape, which no annotation can express
PROSE = frozenset(
    {"documentation", "documentationUrl", "deprecatedMessage", "examples", "deprecated", "deprecatedSince"}
)


class Shape:
    """A type of the model. Its parts are resolved on first use, so that recursive shapes end."""

    def __init__(self, model: "ServiceModel", name: str, definition: Definition) -> None:
        self._model = model
        self._definition = definition
        self.name = name
        self.type: str = "document" if definition.get("document") else definition["type"]

    @cached_property
    def members(self) -> dict[str, "Member"]:
        return {name: Member(self._model, name, ref) for name, ref in self._definition.get("members", {}).items()}

    @cached_property
    def body_members(self) -> dict[str, "Member"]:
        """Return the members that travel in the body, by their names there."""
        return {member.wire_name: member for member in self.members.values() if member.location is None}

    @cached_property
    def located_members(self) -> tuple["Member", ...]:
        """Return the members that travel in the URI, the query string, the headers or the status line."""
        return tuple(member for member in self.members.values() if member.location is not None)

    @cached_property
    def required(self) -> tuple[str, ...]:
        return tuple(self._definition.get("required", ()))

    @cached_property
    def item(self) -> "Member":
        """Return the member that describes each element of a list."""
        return Member(self._model, "member", self._definition["member"])

    @cached_property
    def key(self) -> "Member":
        return Member(self._model, "key", self._definition["key"])

    @cached_property
    def value(self) -> "Member":
        return Member(self._model, "value", self._definition["value"])

    @cached_property
    def minimum(self) -> float | None:
        return self._definition.get("min")

    @cached_property
    def maximum(self) -> float | None:
        return self._definition.get("max")

    @cached_property
    def pattern(self) -> str | None:
        return self._definition.get("pattern")

    @cached_property
    def enum(self) -> tuple[str, ...]:
        return tuple(self._definition.get("enum", ()))

    @cached_property
    def is_constrained(self) -> bool:
        return any(name in self._definition for name in ("min", "max", "pattern", "enum"))

    @cached_property
    def payload(self) -> "Member | None":
        """Return the member that is the whole body, or None."""
        name = self._definition.get("payload")
        return self.members[name] if name else None

    @cached_property
    def timestamp_format(self) -> str | None:
        return self._definition.get("timestampFormat")

    @cached_property
    def is_union(self) -> bool:
        return bool(self._definition.get("union"))

    @cached_property
    def is_sensitive(self) -> bool:
        return bool(self._definition.get("sensitive"))

    @cached_property
    def is_event_stream(self) -> bool:
        return bool(self._definition.get("eventstream"))

    @cached_property
    def http_status(self) -> int | None:
        """Return the HTTP status of an error, or None."""
        status: int | None = self._definition.get("error", {}).get("httpStatusCode")
        return status


class Member:
    """A shape in its place: a member of a structure, an element of a list, a key or value of a map."""

    def __init__(self, model: "ServiceModel", name: str, ref: Definition) -> None:
        self._model = model
        self._shape_name: str = ref["shape"]
        self.name = name
        self.path_name: str = name[:1].lower() + name[1:]  # as the validator of AWS spells it
        self.wire_name: str = ref.get("locationName", name)
        self.location: str | None = ref.get("location")
        self.timestamp_format: str | None = ref.get("timestampFormat")
        self.is_json: bool = bool(ref.get("jsonvalue"))  # JSON in base64, in headers only: in a body it is a string

    @cached_property
    def shape(self) -> Shape:
        return self._model.shape(self._shape_name)


class Operation:
    def __init__(self, model: "ServiceModel", name: str, definition: Definition) -> None:
        self._model = model
        self._definition = definition
        self.name = name
        self.method: str = definition["http"]["method"]
        self.uri: str = definition["http"]["requestUri"]
        self.status: int = definition["http"].get("responseCode", 200)

    @cached_property
    def input(self) -> Shape | None:
        return self._part("input")

    @cached_property
    def output(self) -> Shape | None:
        return self._part("output")

    def _part(self, part: str) -> Shape | None:
        ref = self._definition.get(part)
        return self._model.shape(ref["shape"]) if ref else None


class ServiceModel:
    """One service, from a definition in the form of botocore's `service-2.json`."""

    def __init__(self, definition: Definition) -> None:
        self.metadata: Definition = definition["metadata"]
        self._operations: dict[str, Definition] = definition["operations"]
        self._shapes: dict[str, Definition] = definition["shapes"]
        self._resolved: dict[str, Shape] = {}
        self._known: dict[str, Operation] = {}

    def __contains__(self, operation: str) -> bool:
        return operation in self._operations

    @cached_property
    def operation_names(self) -> tuple[str, ...]:
        return tuple(self._operations)

    @property
    def shape_names(self) -> tuple[str, ...]:
        return tuple(self._shapes)

    def operations(self) -> Iterator[Operation]:
        return (self.operation(name) for name in self._operations)

    def operation(self, name: str) -> Operation:
        """Return an operation. KeyError for a name that the service does not have."""
        if name not in self._known:
            self._known[name] = Operation(self, name, self._operations[name])
        return self._known[name]

    def shape(self, name: str) -> Shape:
        if name not in self._resolved:
            self._resolved[name] = Shape(self, name, self._shapes[name])
        return self._resolved[name]

    def error(self, code: str) -> Shape | None:
        """Return the error of this code, or None: most errors of AWS (ValidationException, …) are not in the models."""
        return self.shape(code) if self._shapes.get(code, {}).get("exception") else None


@cache
def service_model(service: str) -> ServiceModel:
    return ServiceModel(_without_prose(_model_file(service)))


def _model_file(service: str) -> Path:
    """Return the newest API version in the installed botocore, which is the one that its clients use."""
    versions = Path(botocore.__file__).parent / "data" / service
    return max(versions.iterdir()) / "service-2.json.gz"


def _without_prose(path: Path) -> Definition:
    with gzip.open(path) as file:
        definition: Definition = json.loads(file.read(), object_pairs_hook=_pruned)
    return definition


def _pruned(pairs: list[tuple[str, Any]]) -> Definition:
    return {name: sys.intern(value) if type(value) is str else value for name, value in pairs if name not in PROSE}
