"""Payload templates, paths and names of variables in JSONPath states.

docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html and workflow-variables.html
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from localstack_plugin.stepfunctions.intrinsics.syntax import IntrinsicSyntaxError, parse
from localstack_plugin.stepfunctions.paths.syntax import parsed
from localstack_plugin.stepfunctions.paths.text import PathSyntaxError
from localstack_plugin.stepfunctions.validation.faults import Fault, Faults, rules_in

TEMPLATES: Final = ("Parameters", "ResultSelector", "ItemSelector", "Assign")
PATHS: Final = (
    "InputPath",
    "OutputPath",
    "ItemsPath",
    "SecondsPath",
    "TimestampPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "MaxConcurrencyPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
)
OF_VARIABLE_OR_CONTEXT: Final = re.compile(r"\$(?:\$|\w+)")
LONGEST_VARIABLE: Final = 80


def template_faults(state: dict[str, Any], place: str) -> Faults:
    for field in TEMPLATES:
        if field in state:
            yield from binding_faults(state[field], f"{place}/{field}")
    for field in PATHS:
        path = state.get(field)
        if path is not None and not is_path(path):
            yield Fault(f"The value for the field '{field}' must be a valid JSONPath", place)
    for assign, where in assignments(state, place):
        yield from variable_faults(assign, where)


def binding_faults(template: Any, place: str) -> Faults:
    if isinstance(template, list):
        for index, element in enumerate(template):
            yield from binding_faults(element, f"{place}[{index}]")
    elif isinstance(template, dict):
        for name, value in template.items():
            if not name.endswith(".$"):
                yield from binding_faults(value, f"{place}/{name}")
            elif not (is_path(value) or is_call(value)):
                yield Fault(
                    f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call",
                    place,
                )


def is_path(value: Any) -> bool:
    if not isinstance(value, str) or not value.startswith("$"):
        return False
    try:
        parsed(OF_VARIABLE_OR_CONTEXT.sub("$", value, count=1) if OF_VARIABLE_OR_CONTEXT.match(value) else value)
    except PathSyntaxError:
        return False
    return True


def is_call(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse(value)
    except IntrinsicSyntaxError:
        return False
    return True


def assignments(state: dict[str, Any], place: str) -> Iterator[tuple[Any, str]]:
    """Return every Assign of a state, with its place: its own, and those of its rules and catchers."""
    if "Assign" in state:
        yield state["Assign"], f"{place}/Assign"
    for field in ("Choices", "Catch"):
        for index, rule in rules_in(state, field):
            if "Assign" in rule:
                yield rule["Assign"], f"{place}/{field}[{index}]/Assign"


def variable_faults(assign: Any, place: str) -> Faults:
    for name in assign if isinstance(assign, dict) else ():
        variable = name.removesuffix(".$")
        if not variable.isidentifier() or len(variable) > LONGEST_VARIABLE:
            yield Fault(
                f"'{variable}' is not a valid variable name: it must be a Unicode identifier of at most "
                f"{LONGEST_VARIABLE} characters",
                place,
            )
        elif variable == "states":
            yield Fault("The variable name 'states' is reserved", place)
