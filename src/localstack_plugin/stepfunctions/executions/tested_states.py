"""TestState (docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html), where LocalStack leaves it."""

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

from localstack.aws.api import RequestContext
from localstack.aws.api.stepfunctions import InvalidExecutionInput, TestExecutionStatus
from localstack.services.stepfunctions.asl.component.common.catch.catch_outcome import CatchOutcome
from localstack.services.stepfunctions.asl.eval.program_state import ProgramRunning

from localstack_plugin.replacing import replace, wrap
from localstack_plugin.stepfunctions.executions.compact_json import compact

VARIABLES: Final[ContextVar[dict[str, Any] | None]] = ContextVar("VARIABLES", default=None)
"""The variables of the request that is being handled."""
Method = Callable[..., Any]


def checking(original: Method) -> Method:
    def test_state(
        self: Any,
        context: RequestContext,
        definition: str,
        input: str | None = None,  # noqa: A002 (the parameter's name)
        variables: str | None = None,
        **parameters: Any,
    ) -> Any:
        parsed("input", input)
        token = VARIABLES.set(parsed("variables", variables))
        try:
            return original(self, context, definition, input=input or "{}", variables=variables, **parameters)
        finally:
            VARIABLES.reset(token)

    return test_state


def parsed(name: str, text: str | None) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError as error:
        raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{name} is not JSON: {error}'") from error


def with_variables(original: Method) -> Method:
    def get_evaluation_environment(self: Any) -> Any:
        env = original(self)
        env.variable_store._inner_scope.update(VARIABLES.get() or {})
        return env

    return get_evaluation_environment


def going_on(original: Method) -> Method:
    """End the test of a state after which the workflow would go on. LocalStack ends only that of a Choice."""

    def evaluate(self: Any, env: Any) -> None:
        original(self, env)
        if isinstance(env.program_state(), ProgramRunning):
            env.is_error_caught = any(isinstance(value, CatchOutcome) for value in env.stack)
            env.set_choice_selected(env.next_state_name)

    return evaluate


def telling_caught_errors(original: Method) -> Method:
    def output(self: Any, inspection_level: Any) -> Any:
        answer, env = original(self, inspection_level), self.exec_worker.env
        if getattr(env, "is_error_caught", False):
            details = last_failure(env.event_manager.get_event_history())
            answer["status"] = TestExecutionStatus.CAUGHT_ERROR
            answer.update({name: details[name] for name in ("error", "cause") if name in details})
        return answer

    return output


def last_failure(history: list[Any]) -> dict[str, Any]:
    for event in reversed(history):
        for details in event.values():
            if isinstance(details, dict) and "error" in details:
                return details
    return {}


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.test_state",
        wrapper=checking,
        why="LocalStack's TestState answers an input that is not JSON with a 500, and requires one. It is refused, and "
        "the default is an empty object.",
    )
    wrap(
        "localstack.services.stepfunctions.backend.test_state.execution_worker:TestStateExecutionWorker"
        "._get_evaluation_environment",
        wrapper=with_variables,
        why="LocalStack's TestState ignores variables. The state has them.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.test_state.program.test_state_program:TestStateProgram"
        "._eval_body",
        wrapper=going_on,
        why="In LocalStack the test of a state with a Next, or whose error is caught, ends in States.Runtime. Here the "
        "answer has the next state.",
    )
    wrap(
        "localstack.services.stepfunctions.backend.test_state.execution:TestStateExecution.to_test_state_output",
        wrapper=telling_caught_errors,
        why="LocalStack has no status CAUGHT_ERROR.",
    )
    replace(
        "localstack.services.stepfunctions.backend.test_state.execution:to_json_str",
        "localstack.services.stepfunctions.asl.component.test_state.program.test_state_program:to_json_str",
        by=compact,
        why="LocalStack writes the JSON of TestState with spaces. Here it is compact, as in histories.",
    )
