"""Choice rules: the values they compare, and what happens when one is not there or no rule matches."""

from collections.abc import Callable
from typing import Any

from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from localstack.services.stepfunctions.asl.component.state.state_choice.comparison.comparison_func import (
    ComparisonFuncStringVariableSample,
    ComparisonFuncValue,
)
from localstack.services.stepfunctions.asl.component.state.state_choice.comparison.variable import (
    NoSuchVariable,
    Variable,
)
from localstack.services.stepfunctions.asl.component.state.state_choice.state_choice import StateChoice
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.utils.json_path import NoSuchJsonPathError

from localstack_plugin.replacing import replace, wrap
from localstack_plugin.stepfunctions.choices.operators import OPERATORS
from localstack_plugin.stepfunctions.failures import RUNTIME, failure
from localstack_plugin.stepfunctions.paths.extraction import extract

PATH = "Path"


def look_up(self: Variable, env: Environment) -> None:
    """Put the variable's value on the stack, a NoSuchVariable if its path selects nothing."""
    try:
        self.string_sampler.eval(env=env)
    except NoSuchJsonPathError:
        env.stack.append(NoSuchVariable(self.string_sampler.literal_value))


def compare(self: ComparisonFuncValue, env: Environment) -> None:
    variable = env.stack.pop()
    env.stack.append(outcome(env, self.operator_type.name, variable, expected(self, env)))


def compare_with_variable(self: ComparisonFuncStringVariableSample, env: Environment) -> None:
    variable = env.stack.pop()
    operand = self.string_variable_sample.expression
    if self.operator_type.name.endswith(PATH):
        self.string_variable_sample.eval(env=env)
        operand = env.stack.pop()
    env.stack.append(outcome(env, self.operator_type.name, variable, operand))


def expected(comparison: ComparisonFuncValue, env: Environment) -> Any:
    """Return the operand, taken from the state's input or the context object if the operator's name ends in Path."""
    operand = comparison.value
    if not comparison.operator_type.name.endswith(PATH):
        return operand
    try:
        if operand.startswith("$$"):
            return extract(operand[1:], env.states.context_object.context_object_data)
        return extract(operand, env.stack[-1])
    except NoSuchJsonPathError as error:
        raise invalid_path(env, operand) from error


def outcome(env: Environment, operator: str, variable: Any, operand: Any) -> bool:
    missing = isinstance(variable, NoSuchVariable)
    if operator == "IsPresent":
        return missing is not operand
    if missing:
        raise invalid_path(env, variable.path)
    return OPERATORS[operator.removesuffix(PATH)](variable, operand)


def invalid_path(env: Environment, path: str) -> Exception:
    return failure(
        env, RUNTIME, f"Invalid path '{path}': The choice state's condition path references an invalid value."
    )


def leaving_by_a_rule(
    original: Callable[[StateChoice, Environment], None],
) -> Callable[[StateChoice, Environment], None]:
    def choose(self: StateChoice, env: Environment) -> None:
        try:
            original(self, env)
        except RuntimeError as error:  # LocalStack's, of a state without Default
            if self.default_state is not None:
                raise
            cause = "Failed to transition out of the state. The state does not point to a next state."
            raise failure(env, StatesErrorNameType.StatesNoChoiceMatched, cause) from error

    return choose


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_choice.comparison.variable:Variable._eval_body",
        by=look_up,
        why="LocalStack treats any error in a choice rule's Variable as a missing path. Here all other errors fail "
        "the execution.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_choice.comparison.comparison_func"
        ":ComparisonFuncValue._eval_body",
        by=compare,
        why="In LocalStack a rule on a missing path does not match, timestamps must not have an offset or a fraction, "
        "StringMatches gives `?` and `[…]` a special meaning, and operands cannot come from the context object. "
        "Here a missing path is States.Runtime, except for IsPresent, and the operators work as on AWS.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_choice.comparison.comparison_func"
        ":ComparisonFuncStringVariableSample._eval_body",
        by=compare_with_variable,
        why="LocalStack swaps the operands of a comparison with a workflow variable. Here they are compared in order.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.state.state_choice.state_choice:StateChoice._eval_state",
        wrapper=leaving_by_a_rule,
        why="In LocalStack a Choice of which no rule matches fails with States.Runtime. Here it fails with "
        "States.NoChoiceMatched.",
    )
