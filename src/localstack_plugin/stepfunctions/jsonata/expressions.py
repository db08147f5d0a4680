"""Expressions in definitions, `{% … %}`: their place, their result, and how they fail."""

from collections.abc import Callable
from typing import Any, Final

from jsonata.jexception import JException
from localstack.aws.api.stepfunctions import EvaluationFailedEventDetails, HistoryEventType
from localstack.services.stepfunctions.asl.antlr.runtime.ASLParser import ASLParser
from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name import StatesErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from localstack.services.stepfunctions.asl.component.common.string.string_expression import StringJSONata
from localstack.services.stepfunctions.asl.component.state.state_choice.comparison.comparison import (
    ConditionStringJSONata,
)
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails
from localstack.services.stepfunctions.asl.eval.states import States
from localstack.services.stepfunctions.asl.parse.preprocessor import Preprocessor

from localstack_plugin.replacing import replace, wrap
from localstack_plugin.stepfunctions.intrinsics.functions import json_text
from localstack_plugin.stepfunctions.jsonata.evaluation import evaluate, parsed
from localstack_plugin.stepfunctions.jsonata.location import location_of
from localstack_plugin.stepfunctions.jsonata.values import UNDEFINED, UnsupportedResultError, plain

QUERY_EVALUATION_ERROR: Final = StatesErrorNameType.StatesQueryEvaluationError


def placing(
    original: Callable[[Preprocessor, ASLParser.String_jsonataContext], StringJSONata],
) -> Callable[[Preprocessor, ASLParser.String_jsonataContext], StringJSONata]:
    def visit(self: Preprocessor, ctx: ASLParser.String_jsonataContext) -> StringJSONata:
        string_jsonata = original(self, ctx)
        string_jsonata.location = location_of(ctx)
        try:
            parsed(string_jsonata.expression)
        except JException as error:
            raise ValueError(f"Invalid JSONata expression in {string_jsonata.location}: {described(error)}") from error
        return string_jsonata

    return visit


def put_result(self: StringJSONata, env: Environment) -> None:
    """Put the expression's result on the stack."""
    try:
        result = evaluate(self.expression, env)
        value = plain(result)
    except JException as error:
        raise evaluation_failure(env, self, f"threw an error during evaluation. {described(error)}") from error
    except UnsupportedResultError as error:
        raise evaluation_failure(env, self, "returned an unsupported result type.") from error
    if result is UNDEFINED:
        raise evaluation_failure(env, self, "returned nothing (undefined).")
    env.stack.append(value)


def described(error: JException) -> str:
    return f"{error.get_error()}: {str(error).strip()}"


def evaluation_failure(env: Environment, expression: StringJSONata, what: str) -> FailureEventException:
    """Record that the expression failed, and return the failure of the state."""
    location = getattr(expression, "location", None) or "Output"
    details = EvaluationFailedEventDetails(
        error=QUERY_EVALUATION_ERROR.to_name(),
        cause=f"The JSONata expression '{expression.expression}' specified for the field '{location}' {what}",
        location=location,
    )
    failed = FailureEventException(
        failure_event=FailureEvent(
            env=env,
            error_name=StatesErrorName(typ=QUERY_EVALUATION_ERROR),
            event_type=HistoryEventType.EvaluationFailed,
            event_details=EventDetails(evaluationFailedEventDetails=details),
        )
    )
    env.event_manager.add_event(
        context=env.event_history_context,
        event_type=HistoryEventType.EvaluationFailed,
        event_details=EventDetails(evaluationFailedEventDetails=failed.get_evaluation_failed_event_details()),
    )
    return failed


def put_condition(self: ConditionStringJSONata, env: Environment) -> None:
    self.string_jsonata.eval(env=env)
    result = env.stack[-1]
    if not isinstance(result, bool):
        what = f"returned an unexpected result type. Expected 'boolean', but was '{type_of(result)}' for value: "
        raise evaluation_failure(env, self.string_jsonata, what + json_text(result))


def type_of(value: Any) -> str:
    names = {str: "string", int: "number", float: "number", dict: "object", list: "array", bool: "boolean"}
    return names.get(type(value), "null")


def begin(self: States, input_value: Any) -> None:
    """Begin a state: its input is known, and `$states` has no result and no error yet."""
    self._states_data["input"] = self._extract(None, input_value)
    self._states_data.pop("result", None)
    self._states_data.pop("errorOutput", None)


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.asl.parse.preprocessor:Preprocessor.visitString_jsonata",
        wrapper=placing,
        why="LocalStack does not record which field an expression is in, and accepts any text as JSONata. The field "
        "is recorded for the causes of errors, and a definition with a syntax error is refused.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.common.string.string_expression:StringJSONata._eval_body",
        by=put_result,
        why="LocalStack evaluates JSONata in Java, which it downloads, with all variables written into the expression "
        "as text. The library jsonata-python evaluates it, and errors have AWS's cause.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_choice.comparison.comparison"
        ":ConditionStringJSONata._eval_body",
        by=put_condition,
        why="In LocalStack a condition whose result is not a boolean fails with States.Runtime. Here it fails with "
        "States.QueryEvaluationError.",
    )
    replace(
        "localstack.services.stepfunctions.asl.eval.states:States.reset",
        by=begin,
        why="In LocalStack `$states.result` and `$states.errorOutput` are null where there is no result or error. "
        "Here they are undefined.",
    )
