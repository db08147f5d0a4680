"""Expressions of a definition: `Get`, `Std:Join` and `Std:JsonGet`, found and evaluated.

{"Get": "Parameters.InstanceType"}                                 a parameter
{"Get": "Execution.PipelineExecutionId"}                           a variable of the execution
{"Get": "Steps.Process.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}
{"Std:Join": {"On": "/", "Values": [<expression or value>, ...]}}
{"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": "metrics.mse.value"}}
{"Std:JsonGet": {"S3Uri": <expression>, "Path": "metrics.mse.value"}}
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Protocol

from sagemaker_emulator.pipelines.definitions.errors import ExpressionError

GET, JOIN, JSON_GET = "Get", "Std:Join", "Std:JsonGet"
FUNCTIONS = frozenset({GET, JOIN, JSON_GET})
PART = re.compile(r"\.?(?P<name>[^.\[\]'\"]+)|\[(?P<index>\d+)\]|\[(?P<quote>['\"])(?P<key>.*?)(?P=quote)\]")
# lists of descriptions that a reference may index by the name of an entry, as in Outputs['train']
ENTRY_NAMES = ("OutputName", "InputName", "ChannelName", "MetricName", "Name", "Key")


class Scope(Protocol):
    """The values that expressions refer to. Each method raises ExpressionError for what does not exist."""

    def parameter(self, name: str) -> Any: ...
    def variable(self, name: str) -> Any: ...
    def properties(self, step: str) -> Any: ...
    def property_file(self, step: str, name: str) -> Any: ...
    def json_object(self, uri: str) -> Any: ...


def is_expression(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in FUNCTIONS


def check_expressions(value: Any) -> None:
    """Raise ExpressionError for an expression in a value, however deep, that is not of the schema."""
    if is_expression(value):
        ((function, argument),) = value.items()
        _check(function, argument)
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        check_expressions(part)


def _check(function: str, argument: Any) -> None:
    if function == GET:
        if not isinstance(argument, str) or len(parts_of(argument)) < 2:
            raise ExpressionError(f"Get needs a path such as Parameters.Name, not {argument!r:.100}.")
        return
    members = argument if isinstance(argument, dict) else {}
    if function == JOIN and not isinstance(members.get("Values"), list):
        raise ExpressionError("Std:Join needs Values, a list.")
    if function == JSON_GET:
        if not isinstance(members.get("Path"), str) or len(members.keys() & {"PropertyFile", "S3Uri"}) != 1:
            raise ExpressionError("Std:JsonGet needs a Path, and either PropertyFile or S3Uri.")
        parts_of(members["Path"].removeprefix("$"))


def references(value: Any) -> Iterator[str]:
    """Yield the path of each `Get` in a value, however deep."""
    if isinstance(value, dict):
        if is_expression(value) and isinstance(path := value.get(GET), str):
            yield path
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def step_references(value: Any) -> Iterator[tuple[str, list[str | int]]]:
    """Yield the step and the rest of the path of each reference to a step."""
    for path in references(value):
        if path.startswith("Steps."):
            _, step, *rest = parts_of(path)
            yield str(step), rest


def parts_of(path: str) -> list[str | int]:
    """Split a path such as `Steps.P.Outputs['x'][0].Uri`. Raises ExpressionError for any other text."""
    parts: list[str | int] = []
    position = 0
    while position < len(path):
        match = PART.match(path, position)
        if match is None:
            raise ExpressionError(f"The path {path!r} cannot be read from {path[position:]!r} on.")
        parts.append(int(match["index"]) if match["index"] else match["name"] or match["key"] or "")
        position = match.end()
    return parts


def evaluate(value: Any, scope: Scope) -> Any:
    """Return a value with each expression in it replaced by its own value."""
    if is_expression(value):
        ((function, argument),) = value.items()
        if function == GET:
            return _get(argument, scope)
        return _joined(argument, scope) if function == JOIN else _json_got(argument, scope)
    if isinstance(value, dict):
        return {name: evaluate(part, scope) for name, part in value.items()}
    if isinstance(value, list):
        return [evaluate(part, scope) for part in value]
    return value


def text_of(value: Any) -> str:
    """Return a value as Std:Join writes it."""
    return value if isinstance(value, str) else json.dumps(value)


def looked_up(document: Any, parts: list[str | int], path: str) -> Any:
    """Return the part of a document that a path leads to."""
    for part in parts:
        try:
            document = _entry(document, part)
        except (AttributeError, LookupError, TypeError):
            raise ExpressionError(f"The path {path!r} leads nowhere at {part!r}.") from None
    return document


def _entry(document: Any, part: str | int) -> Any:
    if isinstance(document, list) and isinstance(part, str):
        return {one.get(name): one for one in document for name in reversed(ENTRY_NAMES)}[part]
    return document[part]


def _get(path: Any, scope: Scope) -> Any:
    root, name, *rest = parts_of(path)
    match root:
        case "Parameters":
            return scope.parameter(str(name))
        case "Execution":
            return scope.variable(str(name))
        case "Steps" if rest[:1] == ["PropertyFiles"]:
            return looked_up(scope.property_file(str(name), str(rest[1])), rest[2:], path)
        case "Steps":
            return looked_up(scope.properties(str(name)), rest, path)
    raise ExpressionError(f"{path!r} refers to no parameter, variable of the execution, or step.")


def _joined(argument: Any, scope: Scope) -> str:
    return str(argument.get("On", "")).join(text_of(evaluate(part, scope)) for part in argument["Values"])


def _json_got(argument: Any, scope: Scope) -> Any:
    path = str(argument["Path"])
    document = (
        evaluate(argument["PropertyFile"], scope)
        if "PropertyFile" in argument
        else scope.json_object(evaluate(argument["S3Uri"], scope))
    )
    return looked_up(document, parts_of(path.removeprefix("$")), path)
