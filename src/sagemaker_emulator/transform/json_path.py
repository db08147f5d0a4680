"""The JSONPath of DataProcessing: the operators that AWS documents, and no others.

Source: "Associate Prediction Results with Input Records", supported JSONPath operators.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_][\w-]*)
      | (?P<all>\.\*|\[\*\])
      | \[(?P<names>'[^']+'(?:\s*,\s*'[^']+')*)\]
      | \[(?P<indexes>\d+(?:\s*,\s*\d+)*)\]
      | \[(?P<start>-?\d*):(?P<end>-?\d*)\]""",
    re.VERBOSE,
)

Name: TypeAlias = str
Names: TypeAlias = tuple[str, ...]
Indexes: TypeAlias = tuple[int, ...]
Step: TypeAlias = Name | Names | int | Indexes | slice


class JsonPathError(ValueError):
    """A path that AWS does not support, or that matches nothing in a record."""


@dataclass(frozen=True)
class JsonPath:
    text: str
    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str) -> JsonPath:
        steps = tuple(_steps(text))
        if any(_is_names(step) for step in steps[:-1]):
            raise JsonPathError(f"JSONPath {text!r}: nothing can follow a choice of several names")
        return cls(text, steps)

    def select(self, value: Any) -> Any:
        """Return one value; a list for `*`, slices and several indexes; an object for several names."""
        try:
            return _select(value, self.steps)
        except (LookupError, TypeError, AttributeError):
            raise JsonPathError(f"JSONPath {self.text!r} matches nothing in a record") from None


def _steps(text: str) -> Iterator[Step]:
    position = 1
    if not text.startswith("$"):
        raise JsonPathError(f"JSONPath {text!r} does not begin with $")
    while position < len(text):
        match = STEP.match(text, position)
        if match is None:
            raise JsonPathError(
                f"JSONPath {text!r} is not supported from {text[position:]!r} on: $, .name, .*, ['name','name'], "
                "[0], [0,2], [1:] and [*] are"
            )
        yield _step(match)
        position = match.end()


def _step(match: re.Match[str]) -> Step:
    if name := match["name"]:
        return name
    if match["all"]:
        return slice(None)
    if match["names"]:
        names = tuple(re.findall(r"'([^']+)'", match["names"]))
        return names[0] if len(names) == 1 else names
    if match["indexes"]:
        indexes = tuple(int(index) for index in match["indexes"].split(","))
        return indexes[0] if len(indexes) == 1 else indexes
    return slice(*(int(bound) if bound else None for bound in (match["start"], match["end"])))


def _is_names(step: Step) -> bool:
    return isinstance(step, tuple) and isinstance(step[0], str)


def _select(value: Any, steps: tuple[Step, ...]) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, slice):
        items = list(value.values()) if isinstance(value, dict) else value
        return [_select(item, rest) for item in _array(items)[step]]
    if isinstance(step, tuple):
        if _is_names(step):
            return {name: value[name] for name in step if name in value}
        return [_select(_array(value)[index], rest) for index in step if isinstance(index, int)]
    return _select(_array(value)[step] if isinstance(step, int) else value[step], rest)


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value
