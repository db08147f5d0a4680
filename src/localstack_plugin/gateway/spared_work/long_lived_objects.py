"""The objects that LocalStack keeps for ever, which Python's garbage collector need not look at again.

LocalStack has a million objects once the usual services are loaded: models of AWS's APIs, modules, parsers. Each full
collection visits them all and stops every thread for half a second. Loading them causes several, because their number
grows.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from localstack_plugin.replacing import wrap

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@contextmanager
def long_lived() -> Iterator[None]:
    """Create objects without collections, and exempt them from later ones, together with all that exist by then.

    What is in use at that moment, and is part of a cycle, is never freed. That is little, and there are few loads.
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
        why="The models of AWS's APIs and LocalStack's services are kept for ever, and are a million objects. Python's "
        "garbage collector would look at all of them several times while they are loaded, and later again and again. "
        "They are exempt.",
    )
    gc.freeze()
