"""Filters: `[?(@.price < 10 && !(@.name == 'x'))]`."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from localstack_plugin.stepfunctions.paths import comparison
from localstack_plugin.stepfunctions.paths.comparison import NOTHING
from localstack_plugin.stepfunctions.paths.selection import PathNotFoundError, select
from localstack_plugin.stepfunctions.paths.steps import Path, Predicate
from localstack_plugin.stepfunctions.paths.text import PathSyntaxError, Text

Operand = Callable[[Any, Any], Any]
"""A value, from an element and the whole document."""
ReadPath = Callable[[Text], Path]
OPERATOR = re.compile(
    r"===|!==|==|!=|<=|>=|=~|<|>|(?:nin|in|subsetof|anyof|noneof|contains|size|empty)\b", re.IGNORECASE
)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
WORD = re.compile(r"true|false|null")
WORDS = {"true": True, "false": False, "null": None}
PATTERN = re.compile(r"/((?:\\.|[^/\\])*)/([a-z]*)")


def read_filter(source: Text, read_path: ReadPath) -> Predicate:
    """Parse what stands behind `?`, its parentheses included."""
    source.skip_spaces()
    return read_any(source, read_path)


def read_any(source: Text, read_path: ReadPath) -> Predicate:
    terms = [read_all(source, read_path)]
    while source.skip_spaces() and source.skip("||"):
        terms.append(read_all(source, read_path))
    return terms[0] if len(terms) == 1 else partial(any_of, terms)


def read_all(source: Text, read_path: ReadPath) -> Predicate:
    terms = [read_term(source, read_path)]
    while source.skip_spaces() and source.skip("&&"):
        terms.append(read_term(source, read_path))
    return terms[0] if len(terms) == 1 else partial(all_of, terms)


def read_term(source: Text, read_path: ReadPath) -> Predicate:
    source.skip_spaces()
    if source.skip("!"):
        return partial(negated, read_term(source, read_path))
    if source.skip("("):
        inner = read_any(source, read_path)
        source.skip_spaces()
        if not source.skip(")"):
            raise PathSyntaxError(f"A filter is not closed: '{source.text}'")
        return inner
    return read_relation(source, read_path)


def read_relation(source: Text, read_path: ReadPath) -> Predicate:
    left = read_operand(source, read_path)
    source.skip_spaces()
    operator = source.match(OPERATOR)
    if operator is None:
        return partial(exists, left)
    source.skip_spaces()
    return partial(related, comparison.OPERATORS[operator.lower()], left, read_operand(source, read_path))


def read_operand(source: Text, read_path: ReadPath) -> Operand:
    if source.looks_at("@", "$"):
        return partial(value_of, read_path(source))
    return partial(constant, read_literal(source))


def read_literal(source: Text) -> Any:
    if source.looks_at("'", '"'):
        return source.quoted()
    if source.looks_at("["):
        return read_list(source)
    if pattern := PATTERN.match(source.text, source.position):
        source.position = pattern.end()
        return re.compile(pattern[1], re.IGNORECASE if "i" in pattern[2] else 0)
    if word := source.match(WORD):
        return WORDS[word]
    if number := source.match(NUMBER):
        return float(number) if set(number) & set(".eE") else int(number)
    raise PathSyntaxError(f"Could not parse the filter of '{source.text}' at position {source.position}")


def read_list(source: Text) -> list[Any]:
    source.skip("[")
    elements: list[Any] = []
    while source.skip_spaces() and not source.skip("]"):
        elements.append(read_literal(source))
        source.skip_spaces()
        source.skip(",")
    return elements


def any_of(terms: list[Predicate], element: Any, document: Any) -> bool:
    return any(term(element, document) for term in terms)


def all_of(terms: list[Predicate], element: Any, document: Any) -> bool:
    return all(term(element, document) for term in terms)


def negated(term: Predicate, element: Any, document: Any) -> bool:
    return not term(element, document)


def exists(operand: Operand, element: Any, document: Any) -> bool:
    return operand(element, document) is not NOTHING


def related(operator: Callable[[Any, Any], bool], left: Operand, right: Operand, element: Any, document: Any) -> bool:
    return operator(left(element, document), right(element, document))


def constant(value: Any, element: Any, document: Any) -> Any:
    return value


def value_of(path: Path, element: Any, document: Any) -> Any:
    """Return what the path selects, NOTHING if that is nothing."""
    try:
        return select(path, element if path.root == "@" else document)
    except PathNotFoundError:
        return NOTHING
