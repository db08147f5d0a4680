"""The JSONPath of DataProcessing: the operators that AWS documents, and no others.

Source: "Associate Prediction Results with Input Records", supported JSONPath operators.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

INDEX = r"-?\d+"  # -1 is the last element
SLICE = r"(?:-?\d+)?:(?:-?\d+)?"
STEP = re.compile(
    rf"""\.(?P<name>[A-Za-z_][\w-]*)
      | (?P<all>\.\*|\.?\[\*\])
      | \.?\[\s*(?P<names>'[^']+'(?:\s*,\s*'[^']+')*)\s*\]
      | \.?\[\s*(?P<elements>(?:{SLICE}|{INDEX})(?:\s*,\s*(?:{SLICE}|{INDEX}))*)\s*\]""",
    re.VERBOSE,
)
SUPPORTED = "$, .name, .*, ['name','name'], [0], [-1], [0,2], [1:], [0,5:] and [*]"

Name: TypeAlias = str
Names: TypeAlias = tuple[str, ...]
Element: TypeAlias = int | slice
Elements: TypeAlias = tuple[Element, ...]
Step: TypeAlias = Name | Names | Element | Elements


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
        """Return one value; a list for `*`, slices and several elements; an object for several names."""
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
            raise JsonPathError(f"JSONPath {text!r} is not supported from {text[position:]!r} on: {SUPPORTED} are")
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
    elements = tuple(_element(text.strip()) for text in match["elements"].split(","))
    return elements[0] if len(elements) == 1 else elements


def _element(text: str) -> Element:
    if ":" not in text:
        return int(text)
    return slice(*(int(bound) if bound else None for bound in text.split(":")))


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
        return [_select(item, rest) for item in _elements(_array(value), step)]
    return _select(_array(value)[step] if isinstance(step, int) else value[step], rest)


def _elements(array: list[Any], step: Names | Elements) -> Iterator[Any]:
    """Yield the elements that a choice such as [0,5:] names, in its order."""
    for element in step:
        if isinstance(element, slice):
            yield from array[element]
        elif isinstance(element, int):
            yield array[element]


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value
