"""Reserved error names, such as States.TaskFailed, where a branch, an iteration or a Fail state ends with one."""

from localstack.services.stepfunctions.asl.component.common.error_name.custom_error_name import CustomErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.error_name import ErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name import StatesErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)

from localstack_plugin.replacing import replace


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration"
        ".iteration_worker:CustomErrorName",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_parallel.branches_decl:CustomErrorName",
        "localstack.services.stepfunctions.asl.component.state.state_fail.state_fail:CustomErrorName",
        by=named,
        why="LocalStack treats every error name in Map, Parallel and Fail states as a custom one, which must not "
        "begin with `States.`: the execution fails with States.Runtime, which no Catch sees. Here a reserved name "
        "stays reserved.",
    )


def named(error_name: str | None) -> ErrorName:
    try:
        return StatesErrorName(StatesErrorNameType.from_name(error_name or ""))
    except ValueError:
        return CustomErrorName(error_name)
