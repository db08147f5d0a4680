"""The reader of paths, in the dialect of Jayway's JsonPath, which is the one that Step Functions has.

docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html names the syntax by that library's page;
its messages ("Missing property in path $['a']") are in AWS's execution histories.
"""

import re
from functools import lru_cache
from typing import NoReturn, TypeVar

from localstack_plugin.stepfunctions.paths.filters import read_filter
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
from localstack_plugin.stepfunctions.paths.text import PathSyntaxError, Text

T = TypeVar("T")
PATHS = 4096
"""How many parsed paths are kept; the least recently used is dropped."""
NAME = re.compile(r"[^\s.\[\]()'\",|&!=<>~+*/?@]+")
IN_BRACKETS = re.compile(r"\s*(-?\d+)?\s*(:)?\s*(-?\d+)?\s*(?::\s*-?\d*\s*)?\]")
INDEXES = re.compile(r"\s*-?\d+(?:\s*,\s*-?\d+)+\s*\]")
CALL = re.compile(r"\(\s*\)")


@lru_cache(PATHS)
def parsed(text: str) -> Path:
    """Parse the whole of a text such as `$.a[?(@.b > 1)].c`. Raises PathSyntaxError."""
    source = Text(text)
    path = read_path(source)
    if not source.at_end():
        refuse(source)
    return path


def read_path(source: Text) -> Path:
    """Parse as much as belongs to the path that begins here, with `$` or `@`."""
    root = source.take(1)
    if root not in ("$", "@"):
        raise PathSyntaxError(f"Path must start with '$' or '@': '{source.text}'")
    steps: list[Step] = []
    while source.looks_at(".", "["):
        steps.extend(read_step(source))
    return Path(root, tuple(steps))


def read_step(source: Text) -> list[Step]:
    if source.skip(".."):
        return [Descend(), *([read_bracket(source)] if source.looks_at("[") else [read_name(source)])]
    if source.skip("."):
        return [read_name(source)]
    return [read_bracket(source)]


def read_name(source: Text) -> Step:
    if source.skip("*"):
        return Wildcard()
    name = source.match(NAME) or refuse(source)
    if source.match(CALL):
        return Function(name) if name in FUNCTIONS else refuse(source)
    return Names((name,))


def read_bracket(source: Text) -> Step:
    source.skip("[")
    source.skip_spaces()
    if source.skip("?"):
        return Filter(close(source, read_filter(source, read_path)))
    if source.skip("*"):
        return close(source, Wildcard())
    if source.looks_at("'", '"'):
        return read_quoted_names(source)
    if several := source.match(INDEXES):
        return Indexes(tuple(int(index) for index in several[:-1].split(",")))
    return read_index_or_slice(source)


def read_quoted_names(source: Text) -> Names:
    names = [source.quoted()]
    while source.skip_spaces() and source.skip(","):
        source.skip_spaces()
        names.append(source.quoted())
    return close(source, Names(tuple(names)))


def read_index_or_slice(source: Text) -> Step:
    match = IN_BRACKETS.match(source.text, source.position)
    if match is None or not (match[1] or match[2]):
        refuse(source)
    source.position = match.end()
    start, stop = (int(bound) if bound else None for bound in (match[1], match[3]))
    return Slice(start, stop) if match[2] else Indexes((int(match[1]),))


def close(source: Text, step: T) -> T:
    source.skip_spaces()
    return step if source.skip("]") else refuse(source)


def refuse(source: Text) -> NoReturn:
    raise PathSyntaxError(f"Could not parse the path '{source.text}' at position {source.position}")
