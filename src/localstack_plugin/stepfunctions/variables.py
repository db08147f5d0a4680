"""Workflow variables in JSONPath states: `$name`, and paths into one, `$name.field[0]`."""

import re
from typing import Any

from localstack.services.stepfunctions.asl.component.common.query_language import QueryLanguageMode
from localstack.services.stepfunctions.asl.component.common.string.string_expression import StringVariableSample
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.eval.variable_store import NoSuchVariable, VariableStore

from localstack_plugin.replacing import replace
from localstack_plugin.stepfunctions.executions.compact_json import compact
from localstack_plugin.stepfunctions.jsonata.evaluation import evaluate
from localstack_plugin.stepfunctions.paths.extraction import MissingPathError, extract

NAME = re.compile(r"\$(\w+)")


def variable_at(path: str, env: Environment) -> Any:
    match = NAME.match(path)
    name = match[1] if match else ""
    try:
        value = env.variable_store.get(name)
    except NoSuchVariable as error:
        raise MissingPathError(path, None, f"No results for path: ${name}") from error
    return extract("$" + path[len(name) + 1 :], value)


def sample(self: StringVariableSample, env: Environment) -> None:
    if self.query_language_mode == QueryLanguageMode.JSONata:
        env.stack.append(evaluate(self.expression, env))
    else:
        env.stack.append(variable_at(self.expression, env))


def assigned(self: VariableStore) -> dict[str, str]:
    """Return what the state has assigned, as the history has it: each value as JSON."""
    return {name: compact(self.get(name)) for name in self._declaration_tracing}


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.component.common.string.string_expression"
        ":StringVariableSample._eval_body",
        by=sample,
        why="LocalStack evaluates variables of JSONPath states as JSONata, which needs Java. "
        "The plugin reads them as JSONPath.",
    )
    replace(
        "localstack.services.stepfunctions.asl.eval.variable_store:VariableStore.get_assigned_variables",
        by=assigned,
        why="In LocalStack's histories a text with quotes that was assigned to a variable is not valid JSON. "
        "Here it is.",
    )
