"""The values that a path selects in a document."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from localstack_plugin.stepfunctions.paths.functions import FUNCTIONS
from localstack_plugin.stepfunctions.paths.steps import (
    Descend,
    Filter,
    Function,
    Indexes,
    Names,
    Path,
    Slice,
    Step,
    Wildcard,
)

ELSEWHERE: Final = object()
"""In place of a value that the general selection has to find."""


class PathNotFoundError(LookupError):
    """A path selects nothing. The text is Jayway's, which AWS puts behind "Invalid path '…' : "."""


def select(path: Path, document: Any) -> Any:
    """Return the one value of a definite path, or the list of those of an indefinite one. Raises PathNotFoundError."""
    if path.definite:
        found = value_of(path.steps, document)
        if found is not ELSEWHERE:
            return found
    selected = list(follow(path.steps, document, Walk(path, document)))
    if not path.definite:
        return selected
    if not selected:
        raise PathNotFoundError(f"No results for path: {path}")
    return selected[-1]


def value_of(steps: tuple[Step, ...], value: Any) -> Any:
    """Return the value at the end of steps that are the names of fields. ELSEWHERE if it is not as simple as that."""
    for step in steps:
        if type(step) is not Names or len(step.names) > 1 or not isinstance(value, dict):
            return ELSEWHERE
        value = value.get(step.names[0], ELSEWHERE)
    return value


class Walk:
    """A path that is being followed."""

    def __init__(self, path: Path, document: Any) -> None:
        self.path = path
        self.document = document

    def indefinite_before(self, rest: tuple[Step, ...]) -> bool:
        """Whether a step before the last `rest` of the path can select several values."""
        return not all(step.definite for step in self.path.steps[: len(self.path.steps) - len(rest)])

    def place(self, rest: tuple[Step, ...]) -> str:
        """Return the path to the first step of `rest`, that step included."""
        reached = self.path.steps[: len(self.path.steps) - len(rest) + 1]
        return self.path.root + "".join(map(str, reached))


def follow(steps: tuple[Step, ...], value: Any, walk: Walk) -> Iterator[Any]:
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if isinstance(step, Descend):
        for below in everything_in(value):
            if applies(rest[0], below):
                yield from follow(rest, below, walk)
        return
    if isinstance(step, Names):
        chosen: Iterable[Any] = fields(step, rest, value, walk, steps)
    elif isinstance(step, Function):
        chosen = [FUNCTIONS[step.name](value)]
    else:
        chosen = elements(step, value, walk, steps)
    for element in chosen:
        yield from follow(rest, element, walk)


def fields(step: Names, rest: tuple[Step, ...], value: Any, walk: Walk, steps: tuple[Step, ...]) -> list[Any]:
    lenient = walk.indefinite_before(steps)
    if not isinstance(value, dict):
        if lenient:
            return []
        raise PathNotFoundError(
            f"Expected to find an object with property {step} in path {walk.place(steps)[: -len(str(step))]} "
            f"but found '{type_name(value)}'. This is not a json object according to the JsonProvider."
        )
    if len(step.names) > 1:
        present = {name: value[name] for name in step.names if name in value}
        return list(present.values()) if rest else [present]
    if step.names[0] in value:
        return [value[step.names[0]]]
    if lenient or not rest or not walk.path.definite:  # AWS: the list of an indefinite path is empty then
        return []
    raise PathNotFoundError(f"Missing property in path {walk.place(steps)}")


def elements(step: Step, value: Any, walk: Walk, steps: tuple[Step, ...]) -> list[Any]:
    if isinstance(step, Wildcard):
        return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if isinstance(step, Filter) and isinstance(value, dict):
        return [value] if step.passes(value, walk.document) else []
    if not isinstance(value, list):
        if walk.indefinite_before(steps):
            return []
        raise PathNotFoundError(f"Filter: {step} can only be applied to arrays. Current context is: {type_name(value)}")
    if isinstance(step, Filter):
        return [element for element in value if step.passes(element, walk.document)]
    if isinstance(step, Slice):
        return value[step.start : step.stop]
    assert isinstance(step, Indexes)
    return [value[index] for index in step.indexes if -len(value) <= index < len(value)]


def applies(step: Step, value: Any) -> bool:
    """Whether `..` stops at the value for the step that follows it."""
    if isinstance(step, Names):
        return isinstance(value, dict) and any(name in value for name in step.names)
    if isinstance(step, Wildcard):
        return isinstance(value, dict | list)
    return isinstance(value, list)


def everything_in(value: Any) -> Iterator[Any]:
    """Return the value and all that is below it, in the order of the document."""
    yield value
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for element in below:
        yield from everything_in(element)


def type_name(value: Any) -> str:
    """Return the Java name of a JSON value's type, for messages."""
    names = {str: "java.lang.String", bool: "java.lang.Boolean", int: "java.lang.Integer", float: "java.lang.Double"}
    return "null" if value is None else names.get(type(value), "net.minidev.json.JSONArray")
