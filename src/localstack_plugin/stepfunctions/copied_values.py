"""Step Functions copies a state's values some twenty times, by what can copy anything; JSON is copied faster."""

import copy
from types import ModuleType
from typing import Any

from localstack.services.stepfunctions.asl.component.common.path import result_path
from localstack.services.stepfunctions.asl.component.common.string import string_expression
from localstack.services.stepfunctions.asl.component.state.state_execution import execute_state
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service import state_task_service
from localstack.services.stepfunctions.asl.eval import environment, states

from localstack_plugin.replacing import replace

COPYING = (environment, execute_state, result_path, state_task_service, states, string_expression)
UNCHANGEABLE = frozenset({str, int, float, bool, type(None)})


def json_copy(value: Any) -> Any:
    """As `copy.deepcopy`, which it leaves everything to that is not JSON. What occurs twice is copied twice: JSON that
    was read has nothing in common with itself."""
    kind = type(value)
    if kind in UNCHANGEABLE:
        return value
    if kind is dict:
        return {name: json_copy(member) for name, member in value.items()}
    if kind is list:
        return [json_copy(member) for member in value]
    return copy.deepcopy(value)


def install() -> None:
    copying = ModuleType(copy.__name__, copy.__doc__)
    vars(copying).update(vars(copy), deepcopy=json_copy)
    for module in COPYING:
        replace(module, "copy", copying)
