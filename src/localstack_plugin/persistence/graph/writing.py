"""Write objects as a document. `document.py` describes the format."""

import base64
import math
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum
from itertools import chain
from typing import Any

from localstack_plugin.persistence.graph.document import MOST_NESTED, ZONES, UnknownValueError, Vocabulary

Describe = Callable[[Any], Mapping[str, Any]]
SCALARS = frozenset((type(None), bool, int, str))
SEQUENCES: dict[type, str] = {list: "list", set: "set", deque: "deque"}
MAPPINGS: dict[type, str] = {dict: "dict", OrderedDict: "ordered"}
DEFAULTS: dict[Any, str] = {list: "lists", dict: "dicts"}


def class_name(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def write(root: Any, vocabulary: Vocabulary, describe: Describe = vars, externals: Mapping[int, str] = {}) -> Any:
    """Return the document of `root` and of everything to which it refers.

    `describe` returns the attributes of an object that are data. `externals` maps the ids of objects that the reader
    already has to the names by which it knows them. Raises UnknownValueError.
    """
    return _Writer(vocabulary, describe, externals).document(root)


class _Writer:
    def __init__(self, vocabulary: Vocabulary, describe: Describe, externals: Mapping[int, str]) -> None:
        self._names = vocabulary.names
        self._mappings = MAPPINGS | dict.fromkeys(vocabulary.plain.values(), "dict")
        self._describe = describe
        self._externals = externals
        self._indexes: dict[int, int] = {}
        self._waiting: deque[Any] = deque()
        self._kept: list[Any] = []  # if a value that `describe` created were freed, another value could get its id
        self._layouts: dict[tuple[str, tuple[str, ...]], int] = {}

    def document(self, root: Any) -> Any:
        value = self._value(root)
        nodes = []
        while self._waiting:
            node = self._waiting.popleft()
            try:
                nodes.append(self._node(node))
            except UnknownValueError as error:
                raise UnknownValueError(f"{error} in {type(node).__name__}") from None
        layouts = [[name, list(attributes)] for name, attributes in self._layouts]
        return {"layouts": layouts, "nodes": nodes, "root": value}

    def _value(self, value: Any, depth: int = 0) -> Any:
        cls = type(value)
        if cls in SCALARS:
            return value
        if (index := self._indexes.get(id(value))) is not None:
            return [index]
        if name := self._externals.get(id(value)):
            return {"external": name}
        if cls in SEQUENCES or cls in self._mappings or cls is defaultdict:
            return [self._index(value)]
        return self._immutable(value, cls, depth)

    def _immutable(self, value: Any, cls: type, depth: int) -> Any:
        if cls is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if cls in (tuple, frozenset):
            return {cls.__name__: [self._value(each, depth + 1) for each in self._shallow(value, depth)]}
        if cls is bytes:
            return {"bytes": base64.b64encode(value).decode()}
        if cls is datetime:
            return {"datetime": value.replace(tzinfo=None).isoformat(), "zone": zone_name(value)}
        name = self._names.get(cls)
        if name is None:
            raise UnknownValueError(f"{class_name(cls)} is not data")
        if isinstance(value, Enum):
            return {"enum": name, "value": value.value}
        return {"text": name, "value": str.__str__(value)} if isinstance(value, str) else [self._index(value)]

    def _shallow(self, values: Iterable[Any], depth: int) -> Iterable[Any]:
        if depth >= MOST_NESTED:
            raise UnknownValueError(f"tuples are nested deeper than {MOST_NESTED}")
        return values

    def _index(self, value: Any) -> int:
        index = self._indexes[id(value)] = len(self._indexes)
        self._kept.append(value)
        self._waiting.append(value)
        return index

    def _node(self, value: Any) -> list[Any]:
        cls = type(value)
        if kind := SEQUENCES.get(cls):
            return [kind, [each if type(each) in SCALARS else self._value(each) for each in value]]
        if kind := (DEFAULTS.get(value.default_factory) if cls is defaultdict else self._mappings.get(cls)):
            parts = chain.from_iterable(value.items())
            return [kind, [each if type(each) in SCALARS else self._value(each) for each in parts]]
        if cls is defaultdict:
            raise UnknownValueError(f"a default of {value.default_factory} is not data")
        attributes = self._describe(value)
        self._kept.append(attributes)
        # most values are scalars, which need no call: a state of many objects is written in two thirds of the time
        values = [each if type(each) in SCALARS else self._attribute(name, each) for name, each in attributes.items()]
        return ["object", self._layout(cls, tuple(attributes)), values]

    def _attribute(self, name: str, value: Any) -> Any:
        try:
            return self._value(value)
        except UnknownValueError as error:
            raise UnknownValueError(f"{error}, as {name}") from None

    def _layout(self, cls: type, attributes: tuple[str, ...]) -> int:
        return self._layouts.setdefault((self._names[cls], attributes), len(self._layouts))


def zone_name(moment: datetime) -> str:
    """Return "" for a moment without a zone, the name of a zone of ZONES, or an offset such as +0200."""
    if moment.tzinfo is None:
        return ""
    key = getattr(moment.tzinfo, "key", None)
    return key if key in ZONES else moment.strftime("%z")
