"""Replacements in LocalStack's own code, for what it has no plugin interface for.

Everything that is changed there goes through `replace` or `wrap`. A target is written `package.module:Class.attribute`.
Both refuse to work on another LocalStack than the one they were written for, and on a target that does not exist, so an
upgrade fails at the start and not in the middle of an execution.

`replacements_page` lists every call in docs/localstack.md. It reads the source without importing it, because LocalStack
is not installed where the page is made: targets and reasons must be literal strings.
"""

from collections.abc import Callable
from functools import reduce
from importlib import import_module
from importlib.metadata import version
from inspect import getattr_static
from typing import Any

WRITTEN_FOR = "4.9.2"


class NotReplaceableError(RuntimeError):
    """The installed LocalStack is not the one that the replacement was written for."""


def replace(*targets: str, by: object, why: str) -> None:
    """Put `by` in the place of each target. `why` says what LocalStack does and what happens instead.

    Raises NotReplaceableError, which ends LocalStack's start.
    """
    for target in targets:
        owner, name = _owner_and_name(target, why)
        setattr(owner, name, by)


def wrap(*targets: str, wrapper: Callable[[Any], object], why: str) -> None:
    """Put `wrapper(original)` in the place of each target, where `original` is what was there."""
    for target in targets:
        owner, name = _owner_and_name(target, why)
        setattr(owner, name, wrapper(getattr(owner, name)))


def _owner_and_name(target: str, why: str) -> tuple[object, str]:
    module, _, path = target.partition(":")
    *parents, name = path.split(".")
    installed = version("localstack-core")
    try:
        owner = reduce(getattr, parents, import_module(module))
        if not hasattr(owner, name):
            getattr_static(owner, name)  # a descriptor, which has no value without an instance
    except (ImportError, AttributeError):
        owner = None
    if owner is None or installed != WRITTEN_FOR:
        raise NotReplaceableError(
            f"LocalStack {installed} is not the {WRITTEN_FOR} whose {target} is replaced ({why}) "
            "Install src/localstack_plugin/requirements.lock, or adapt the replacement to this LocalStack."
        )
    return owner, name
