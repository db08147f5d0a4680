"""Read objects from a document. `document.py` describes the format.

A document is not trusted. Its classes are looked up in the vocabulary, never imported. An instance comes from
`object.__new__`, and its attributes go straight into its `__dict__`, so no constructor, setter or `__setstate__` runs.
The reader does not recurse along references, so a long chain of them cannot exhaust the stack.

Stages:
  1. Create every node empty, so that every reference has its target.
  2. Fill lists, objects, and dicts whose keys are texts or numbers.
  3. Fill sets and the other dicts: the hash of an object may depend on what stage 2 has filled in.
"""

import base64
import binascii
import keyword
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from localstack_plugin.persistence.graph.document import MOST_NESTED, ZONES, DocumentError, Vocabulary

EMPTY: dict[str, Callable[[], Any]] = {
    "list": list,
    "set": set,
    "deque": deque,
    "dict": dict,
    "ordered": OrderedDict,
    "lists": lambda: defaultdict(list),
    "dicts": lambda: defaultdict(dict),
}
MAPPINGS = ("dict", "ordered", "lists", "dicts")
PLAIN_KEYS = (str, int, bool, float, type(None))
OFFSET_FORMAT = "%z"


def read(document: Any, vocabulary: Vocabulary, externals: Mapping[str, Any] = {}) -> tuple[Any, list[Any]]:
    """Return the root of a document and all its nodes. `externals` has the objects that it refers to by name.

    Raises DocumentError.
    """
    try:
        return _Reader(document, vocabulary, externals).read()
    except (TypeError, KeyError, ValueError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise DocumentError(f"the document is damaged: {type(error).__name__}: {error}") from error


class _Reader:
    def __init__(self, document: Any, vocabulary: Vocabulary, externals: Mapping[str, Any]) -> None:
        self._vocabulary = vocabulary
        self._externals = externals
        self._layouts = [self._layout(*layout) for layout in document["layouts"]]
        self._written = document["nodes"]
        self._root = document["root"]
        self._nodes: list[Any] = []

    def read(self) -> tuple[Any, list[Any]]:
        self._nodes = [self._empty(*node) for node in self._written]
        waiting = [index for index, node in enumerate(self._written) if not self._fill(index, *node)]
        for index in waiting:
            kind, values, *_ = self._written[index]
            self._fill_hashed(self._nodes[index], kind, values)
        return self._value(self._root), self._nodes

    def _layout(self, name: str, attributes: list[str]) -> tuple[type, list[str]]:
        for attribute in attributes:
            if not attribute.isidentifier() or keyword.iskeyword(attribute) or attribute.startswith("__"):
                raise DocumentError(f"{attribute!r} is not the name of an attribute")
        return _known(self._vocabulary.objects, name), attributes

    def _empty(self, kind: str, *content: Any) -> Any:
        return object.__new__(self._layouts[_index(content[0])][0]) if kind == "object" else EMPTY[kind]()

    def _fill(self, index: int, kind: str, *content: Any) -> bool:
        """Fill a node, and return True, or return False if the other nodes must be filled first."""
        node = self._nodes[index]
        if kind == "object":
            layout, values = content
            node.__dict__.update(zip(self._layouts[layout][1], map(self._value, values), strict=True))
        elif kind in MAPPINGS and all(type(key) in PLAIN_KEYS for key in content[0][::2]):
            keys, values = content[0][::2], content[0][1::2]
            node.update(zip(keys, map(self._value, values), strict=True))
        elif kind in ("list", "deque"):
            node.extend(map(self._value, content[0]))
        else:
            return False
        return True

    def _fill_hashed(self, node: Any, kind: str, content: list[Any]) -> None:
        values = [self._value(value) for value in content]
        node.update(zip(values[::2], values[1::2], strict=True) if kind in MAPPINGS else values)

    def _value(self, value: Any, depth: int = 0) -> Any:
        if type(value) in PLAIN_KEYS:
            return value
        if isinstance(value, list):
            (index,) = value
            return self._nodes[_index(index)]
        if depth > MOST_NESTED:
            raise DocumentError(f"values are nested deeper than {MOST_NESTED}")
        return self._immutable(value, depth)

    def _immutable(self, value: dict[str, Any], depth: int) -> Any:
        content: Any
        kind, content = next(iter(value.items()), ("", None))
        if kind == "tuple":
            return tuple(self._value(each, depth + 1) for each in content)
        if kind == "frozenset":
            return frozenset(self._value(each, depth + 1) for each in content)
        if kind == "bytes":
            return _decoded(content)
        if kind == "float":
            return float({"nan": "nan", "inf": "inf", "-inf": "-inf"}[content])
        if kind == "datetime":
            return datetime.fromisoformat(content).replace(tzinfo=_zone(value["zone"]))
        if kind == "external":
            return self._externals[content]
        return self._named(kind, content, value["value"])

    def _named(self, kind: str, name: str, value: Any) -> Any:
        if kind == "enum":
            return _known(self._vocabulary.enums, name)(value)
        if kind == "text" and isinstance(value, str):
            return str.__new__(_known(self._vocabulary.texts, name), value)
        raise DocumentError(f"{kind!r} is not a kind of value")


def _index(index: Any) -> int:
    if type(index) is not int or index < 0:
        raise DocumentError(f"{index!r} is not a reference")
    return index


def _known(classes: Mapping[str, type], name: str) -> type:
    if name not in classes:
        raise DocumentError(f"{name!r} is not a class of the state")
    return classes[name]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise DocumentError(f"bytes are not in base64: {error}") from error


def _zone(name: str) -> Any:
    if name in ZONES:
        return ZONES[name]
    if not name:
        return None
    offset = datetime.strptime(name, OFFSET_FORMAT).utcoffset()
    return timezone(offset or timedelta())
