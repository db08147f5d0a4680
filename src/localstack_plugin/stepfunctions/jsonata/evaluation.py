"""Expressions of JSONata states, evaluated in this process.

A parsed expression is shared by all executions. It is evaluated in a frame of its own, which holds `$states`, the
workflow's variables, the functions of Step Functions, and the limits of time and depth.
"""

import re
from functools import lru_cache
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from localstack.services.stepfunctions.asl.eval.environment import Environment

from localstack_plugin.stepfunctions.jsonata.functions import FUNCTIONS, NOT_ON_AWS
from localstack_plugin.stepfunctions.jsonata.values import with_nulls

EXPRESSIONS = 4096
"""How many parsed expressions are kept; the least recently used is dropped."""
LONGEST_MS, DEEPEST = 10_000, 500
"""Limits that end an expression without end. AWS has such limits and does not say which."""
UNCHECKED = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What the library raises where it does not check an argument."""
STATES, FIELD_OF_STATES = "$states", re.compile(r"\$states(?:\.(\w+))?")
VARIABLE = re.compile(r"\$(\w+)")


@lru_cache(EXPRESSIONS)
def parsed(expression: str) -> Jsonata:
    """Raises JException: the expression is no JSONata."""
    try:
        compiled = Jsonata(expression)
    except JException:
        raise
    except UNCHECKED as error:
        raise JException("S0500", -1, str(error)) from error
    compiled.set_output_convert_nulls(False)
    compiled.set_validate_input(False)
    return compiled


def evaluate(expression: str, env: Environment) -> Any:
    """Return the result in the library's own values. Raises JException."""
    frame = Jsonata.Frame(None)
    frame.set_runtime_bounds(LONGEST_MS, DEEPEST)
    for name, value in {**NOT_ON_AWS, **FUNCTIONS, **variables(expression, env)}.items():
        frame.bind(name, value)
    if STATES in expression:
        frame.bind(STATES[1:], states(expression, env))
    try:
        return parsed(expression).evaluate(None, frame)
    except RecursionError as error:
        raise JException("D1011", -1) from error
    except JException:
        raise
    except UNCHECKED as error:
        raise JException("D3030" if isinstance(error, ValueError) else "T0410", -1, str(error)) from error


def states(expression: str, env: Environment) -> dict[str, Any]:
    """Return `$states` with the fields that the expression refers to, all of them if it refers to the whole."""
    fields = set(FIELD_OF_STATES.findall(expression))
    data = env.states._states_data
    return {name: with_nulls(value) for name, value in data.items() if "" in fields or name in fields}


def variables(expression: str, env: Environment) -> dict[str, Any]:
    store = env.variable_store
    known = {**store._outer_scope, **store._inner_scope}
    return {name: with_nulls(known[name]) for name in set(VARIABLE.findall(expression)) & known.keys()}
