"""Objects that LocalStack never drops, so that Python's garbage collector need not examine them.

LocalStack has a million objects once the usual services are loaded: models of AWS's APIs, modules, parsers. A full
collection visits all of them and stops every thread for half a second. Loading them causes several, because the number
of objects grows.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from localstack_plugin.replacing import wrap

THRESHOLDS = 10_000, 10, 10
"""The objects after which a young collection runs, and how many collections of one generation cause one of the next.

Python's own first threshold, 700, is reached several times in one execution of a state machine: each collection visits
what the other executions under way still use. Cycles are rare here, so they can wait until there are 10,000 objects.
"""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@contextmanager
def long_lived() -> Iterator[None]:
    """Create objects without garbage collection, and exempt all objects that exist at the end from later collections.

    Reference cycles that exist at that moment are never freed. They are small, and there are few loads.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def loading(load: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    @wraps(load)
    def load_long_lived(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        with long_lived():
            return load(*arguments, **named)

    return load_long_lived


def install() -> None:
    wrap(
        "botocore.loaders:JSONFileLoader.load_file",
        "localstack.services.plugins:ServicePluginManager._load_service_plugin",
        wrapper=loading,
        why="The models of AWS's APIs and LocalStack's services are a million objects that are never dropped. "
        "Python's garbage collector would examine all of them several times while they are loaded, and again and "
        "again later, so they are exempt.",
    )
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
