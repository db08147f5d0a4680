"""The Lambda functions that the states of a definition invoke."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def functions_in(value: Any) -> dict[str, str]:
    """Return the name of the Lambda function that each state invokes, also in states inside other states."""
    if isinstance(value, list):
        return {name: function for each in value for name, function in functions_in(each).items()}
    if not isinstance(value, Mapping):
        return {}
    functions = {name: function for each in value.values() for name, function in functions_in(each).items()}
    for name, state in value.get("States", {}).items() if isinstance(value.get("States"), Mapping) else ():
        if function := _function_of(state):
            functions[name] = function
    return functions


def _function_of(state: Any) -> str:
    """Return the name of the function that a state invokes, given by its name or its ARN, with or without a version."""
    if not isinstance(state, Mapping):
        return ""
    parameters = state.get("Parameters") or state.get("Arguments")
    named = parameters.get("FunctionName") if isinstance(parameters, Mapping) else None
    named = named or (state.get("Resource") if ":function:" in str(state.get("Resource")) else "")
    return str(named).partition(":function:")[2].partition(":")[0] or str(named or "").partition(":")[0]
