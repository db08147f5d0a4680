"""Copies of a state's values."""

import copy
from functools import partial
from types import ModuleType
from typing import Any

from localstack_plugin.replacing import replace

IMMUTABLE = frozenset({str, int, float, bool, type(None)})


def json_copy(value: Any) -> Any:
    """Return a deep copy. What is not JSON is left to `copy.deepcopy`.

    A part that occurs twice is copied twice, unlike deepcopy: JSON that was read shares nothing.
    """
    kind = type(value)
    if kind in IMMUTABLE:
        return value
    if kind is dict:
        return {name: json_copy(member) for name, member in value.items()}
    if kind is list:
        return [json_copy(member) for member in value]
    if is_plain_subclass_of_dict(kind) and not vars(value):
        return kind((name, json_copy(member)) for name, member in value.items())
    return copy.deepcopy(value)


def is_plain_subclass_of_dict(kind: type) -> bool:
    """Return whether objects of the class are dictionaries with a name, such as the output of lambda:invoke."""
    return (
        issubclass(kind, dict)
        and kind.__init__ is dict.__init__
        and kind.__new__ is dict.__new__
        and hasattr(kind, "__dict__")
    )


def copy_of(flat: type, value: Any) -> Any:
    """Return a deep copy of a value, or of an object whose attributes are all immutable."""
    if type(value) is not flat:
        return json_copy(value)
    copied: Any = object.__new__(flat)
    vars(copied).update(vars(value))
    return copied


def install() -> None:
    from localstack.services.stepfunctions.asl.eval.program_state import ProgramRunning

    copying = ModuleType(copy.__name__, copy.__doc__)
    vars(copying).update(vars(copy), deepcopy=partial(copy_of, ProgramRunning))
    replace(
        "localstack.services.stepfunctions.asl.component.common.path.result_path:copy",
        "localstack.services.stepfunctions.asl.component.common.string.string_expression:copy",
        "localstack.services.stepfunctions.asl.component.state.state_execution.execute_state:copy",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service"
        ".state_task_service:copy",
        "localstack.services.stepfunctions.asl.eval.environment:copy",
        "localstack.services.stepfunctions.asl.eval.states:copy",
        by=copying,
        why="Step Functions copies a state's values some twenty times with `copy.deepcopy`, which can copy anything "
        "and is slow. JSON is copied as JSON.",
    )
    shallow = ModuleType(copy.__name__, copy.__doc__)
    vars(shallow).update(vars(copy), deepcopy=copy.copy)
    replace(
        "localstack.services.stepfunctions.provider:copy",
        by=shallow,
        why="LocalStack copies a state machine deeply for each execution, so that an update does not change it. An "
        "update sets attributes and changes no value, so a shallow copy is enough.",
    )
