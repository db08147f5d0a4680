"""Fields whose expression must give a number or a text: Seconds, TimeoutSeconds, MaxConcurrency, Error and others.

AWS fails the state with States.QueryEvaluationError, as for a Condition that is no boolean
(docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-error-handling).
"""

from collections.abc import Callable
from typing import Any

from localstack.services.stepfunctions.asl.component.common.string.string_expression import StringJSONata
from localstack.services.stepfunctions.asl.eval.environment import Environment

from localstack_plugin.replacing import replace, wrap
from localstack_plugin.stepfunctions.intrinsics.functions import json_text
from localstack_plugin.stepfunctions.jsonata.expressions import evaluation_failure, type_of


def unexpected(env: Environment, expression: StringJSONata, expected: str, value: Any) -> Exception:
    what = f"returned an unexpected result type. Expected '{expected}', but was '{type_of(value)}' for value: "
    return evaluation_failure(env, expression, what + json_text(value))


def number_of(self: Any, env: Environment) -> Any:
    """Return the number that the expression gives. A fraction is cut, a negative number fails the state."""
    self.string_jsonata.eval(env=env)
    value = env.stack.pop()
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise unexpected(env, self.string_jsonata, "number", value)
    if value < 0:
        raise evaluation_failure(env, self.string_jsonata, f"returned a negative number: {json_text(value)}")
    return int(value)


def percentage_of(self: Any, env: Environment) -> float:
    value = number_of(self, env)
    if value > 100:
        raise evaluation_failure(env, self.string_jsonata, f"returned more than 100: {json_text(value)}")
    return float(value)


def giving_text(original: Callable[[Any, Environment], None]) -> Callable[[Any, Environment], None]:
    def evaluate(self: Any, env: Environment) -> None:
        original(self, env)
        if isinstance(self.string_expression, StringJSONata) and not isinstance(env.stack[-1], str):
            raise unexpected(env, self.string_expression, "string", env.stack.pop())

    return evaluate


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_wait.wait_function.seconds"
        ":SecondsJSONata._get_wait_seconds",
        "localstack.services.stepfunctions.asl.component.common.timeouts.timeout:TimeoutSecondsJSONata._eval_seconds",
        "localstack.services.stepfunctions.asl.component.common.timeouts.heartbeat"
        ":HeartbeatSecondsJSONata._eval_seconds",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.max_concurrency"
        ":MaxConcurrencyJSONata._eval_max_concurrency",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.tolerated_failure"
        ":ToleratedFailureCountStringJSONata._eval_tolerated_failure_count",
        by=number_of,
        why="In LocalStack an expression that gives no number fails with States.Runtime, or is converted. Here it "
        "fails with States.QueryEvaluationError.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.tolerated_failure"
        ":ToleratedFailurePercentageStringJSONata._eval_tolerated_failure_percentage",
        by=percentage_of,
        why="The same for a percentage, which LocalStack does not limit to 100.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.state.state_fail.error_decl:Error._eval_body",
        "localstack.services.stepfunctions.asl.component.state.state_fail.cause_decl:Cause._eval_body",
        wrapper=giving_text,
        why="The same for Error and Cause of a Fail state, which are texts.",
    )
