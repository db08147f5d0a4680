"""The reader of intrinsic functions: `States.Format('{} of {}', $.a, States.ArrayLength($.b))`."""

import re
from dataclasses import dataclass
from typing import Any

from localstack_plugin.stepfunctions.paths.text import PathSyntaxError, Text

MOST_NESTED = 10
"""docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html: up to 10 nested functions in a field."""
CALL = re.compile(r"States\.([A-Za-z0-9]+)\s*\(")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?=\s*[,)])")
WORD = re.compile(r"(?:true|false|null)(?=\s*[,)])")
WORDS = {"true": True, "false": False, "null": None}
QUOTES_AND_BRACKETS = re.compile(r"[\[\]()'\",]")


class IntrinsicSyntaxError(ValueError):
    """The text is no call of an intrinsic function."""


@dataclass(frozen=True)
class Literal:
    value: Any


@dataclass(frozen=True)
class PathArgument:
    """`$.a`, `$$.Execution.Id` or `$variable.a`."""

    path: str


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple["Literal | PathArgument | Call", ...]


Argument = Literal | PathArgument | Call


def parse(text: str) -> Call:
    """Raises IntrinsicSyntaxError."""
    source = Text(text.strip())
    try:
        call = read_call(source, MOST_NESTED)
    except PathSyntaxError as error:
        raise refusal(source) from error
    if not source.at_end():
        raise refusal(source)
    return call


def read_call(source: Text, may_nest: int) -> Call:
    match = CALL.match(source.text, source.position)
    if match is None or may_nest < 0:
        raise refusal(source)
    source.position = match.end()
    arguments: list[Argument] = []
    while source.skip_spaces() and not source.skip(")"):
        if arguments and not source.skip(","):
            raise refusal(source)
        source.skip_spaces()
        arguments.append(read_argument(source, may_nest))
    return Call(match[1], tuple(arguments))


def read_argument(source: Text, may_nest: int) -> Argument:
    if source.looks_at("'"):
        return Literal(read_literal(source))
    if source.looks_at("$"):
        return PathArgument(read_path(source))
    if source.looks_at("States."):
        return read_call(source, may_nest - 1)
    if word := source.match(WORD):
        return Literal(WORDS[word])
    if number := source.match(NUMBER):
        return Literal(float(number) if set(number) & set(".eE") else int(number))
    raise refusal(source)


def read_literal(source: Text) -> str:
    r"""Read what stands in quotes, with its escapes: to States.Format `\{}` is text and `{}` a place."""
    start = source.position
    source.quoted()
    return source.text[start + 1 : source.position - 1]


def read_path(source: Text) -> str:
    """Read up to the comma or parenthesis that ends the argument."""
    start, depth = source.position, 0
    while match := QUOTES_AND_BRACKETS.search(source.text, source.position):
        source.position = match.start()
        if match[0] in "'\"":
            source.quoted()
            continue
        if depth == 0 and match[0] in ",)":
            return source.text[start : source.position].rstrip()
        depth += {"[": 1, "(": 1, "]": -1, ")": -1}.get(match[0], 0)
        source.position += 1
    raise refusal(source)


def variables(call: Call) -> list[str]:
    """Return the names of the workflow variables among the arguments."""
    names = []
    for argument in reversed(call.arguments):
        if isinstance(argument, Call):
            names.extend(variables(argument))
        elif isinstance(argument, PathArgument) and (match := re.match(r"\$([A-Za-z_]\w*(?:\.\w+)*)", argument.path)):
            names.append(match[1])
    return names


def refusal(source: Text) -> IntrinsicSyntaxError:
    return IntrinsicSyntaxError(
        f"The value is not a valid intrinsic function, from position {source.position} on: {source.text}"
    )
