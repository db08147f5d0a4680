"""An error of AWS's own, such as States.TaskFailed, keeps its name on its way out of a branch or an iteration.

And where a Fail state names it again. LocalStack takes every name there for a custom one, which may not begin with
`States.`, and the execution dies of States.Runtime, past every Catch.
"""

from types import ModuleType

from localstack.services.stepfunctions.asl.component.common.error_name.custom_error_name import CustomErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.error_name import ErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name import StatesErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration import iteration_worker
from localstack.services.stepfunctions.asl.component.state.state_execution.state_parallel import branches_decl
from localstack.services.stepfunctions.asl.component.state.state_fail import state_fail

from localstack_plugin.replacing import replace

MODULES: tuple[ModuleType, ...] = (branches_decl, iteration_worker, state_fail)


def install() -> None:
    for module in MODULES:
        replace(module, "CustomErrorName", named)


def named(error_name: str | None) -> ErrorName:
    try:
        return StatesErrorName(StatesErrorNameType.from_name(error_name or ""))
    except ValueError:
        return CustomErrorName(error_name)
