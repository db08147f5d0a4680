"""Values that occur more than once in a request, which AWS refuses for names, tags and folders."""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import TypeVar

V = TypeVar("V", bound=Hashable)


def repeated(values: Iterable[V]) -> dict[V, int]:
    """Return the values that occur more than once, with their counts, in the order of their first occurrences."""
    return {value: count for value, count in Counter(values).items() if count > 1}
