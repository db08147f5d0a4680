"""The parts of a parsed path. A path is definite if it can select one value only: no `..`, `*`, slice or filter."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Predicate = Callable[[Any, Any], bool]
"""Whether an element passes a filter, from the element and the whole document."""


@dataclass(frozen=True)
class Names:
    """Fields of an object: `.name`, `['name']` or `['one','two']`."""

    names: tuple[str, ...]
    definite = True  # several names, as the last step, give one object

    def __str__(self) -> str:
        return f"[{','.join(repr(name) for name in self.names)}]"


@dataclass(frozen=True)
class Indexes:
    """Elements of an array: `[0]`, `[-1]` or `[0,2]`."""

    indexes: tuple[int, ...]

    @property
    def definite(self) -> bool:
        return len(self.indexes) == 1

    def __str__(self) -> str:
        return f"[{','.join(map(str, self.indexes))}]"


@dataclass(frozen=True)
class Slice:
    """A range of an array: `[1:3]`, `[:2]` or `[-2:]`."""

    start: int | None
    stop: int | None
    definite = False

    def __str__(self) -> str:
        return f"[{'' if self.start is None else self.start}:{'' if self.stop is None else self.stop}]"


@dataclass(frozen=True)
class Wildcard:
    """Every element of an array, or value of an object."""

    definite = False

    def __str__(self) -> str:
        return "[*]"


@dataclass(frozen=True)
class Filter:
    """The elements of an array that pass `[?(…)]`."""

    passes: Predicate
    definite = False

    def __str__(self) -> str:
        return "[?]"


@dataclass(frozen=True)
class Descend:
    """`..`: the value itself and everything below it."""

    definite = False

    def __str__(self) -> str:
        return ".."


@dataclass(frozen=True)
class Function:
    """A function at the end of a path, such as `.length()`."""

    name: str
    definite = True

    def __str__(self) -> str:
        return f".{self.name}()"


Step = Names | Indexes | Slice | Wildcard | Filter | Descend | Function


@dataclass(frozen=True)
class Path:
    """A parsed path; `root` is `$`, or `@` inside a filter."""

    root: str
    steps: tuple[Step, ...]

    @cached_property
    def definite(self) -> bool:
        return all(step.definite for step in self.steps)

    def __str__(self) -> str:
        return self.root + "".join(map(str, self.steps))
