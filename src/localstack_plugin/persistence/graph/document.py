"""The format of a document of objects.

A document is JSON: {"layouts": [[class, [attribute, ...]], ...], "nodes": [node, ...], "root": value}.

A node is a mutable value. Several places can refer to the same node, and a node can refer to itself:
  ["list", [value, ...]], ["set", ...], ["deque", ...]
  ["dict", [key, value, key, value, ...]], ["ordered", ...], ["lists", ...], ["dicts", ...] (defaultdicts)
  ["object", layout, [value of each attribute of the layout]]

A value is null, a boolean, an integer, a text, a finite float, the reference [node], or one of
  {"tuple": [value, ...]}, {"frozenset": [value, ...]}, {"bytes": base64}, {"float": "nan" | "inf" | "-inf"}
  {"datetime": ISO 8601, "zone": "" | "GMT" | "UTC" | "+0200"}, {"enum": class, "value": text or integer}
  {"text": class, "value": text}, {"external": name}

A class is written `module:Name`. A reader creates instances only of the classes in its vocabulary, without calling
them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

MOST_NESTED = 64
"""The maximum depth to which immutable values, such as tuples, may be nested."""

ZONES = {name: ZoneInfo(name) for name in ("GMT", "UTC")}

Classes = Mapping[str, type]


@dataclass(frozen=True)
class Vocabulary:
    """The classes that documents may contain. Each is written `module:Name`."""

    objects: Classes = field(default_factory=dict)
    """Classes whose instances are written as their attributes."""
    enums: Classes = field(default_factory=dict)
    texts: Classes = field(default_factory=dict)
    """Subclasses of str without attributes."""
    plain: Classes = field(default_factory=dict)
    """Subclasses of dict that are read back as dicts."""

    @cached_property
    def names(self) -> Mapping[type, str]:
        return {cls: name for table in (self.objects, self.enums, self.texts) for name, cls in table.items()}


class UnknownValueError(TypeError):
    """A value cannot be written, because its class is not in the vocabulary."""


class DocumentError(ValueError):
    """A document cannot be read: it is damaged or forged."""
