"""The rules of a Choice state: one comparison each, with an operand of its operator's type.

docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

import re
from collections.abc import Callable
from typing import Any, Final

from localstack_plugin.stepfunctions.validation.faults import Fault, Faults, is_expression, is_number, rules_in
from localstack_plugin.stepfunctions.validation.languages import JSONATA

COMBINING: Final = ("And", "Or", "Not")
TIMESTAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
ORDERS: Final = ("Equals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
TESTS: Final = ("IsNull", "IsString", "IsNumeric", "IsBoolean", "IsTimestamp", "IsPresent")


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_timestamp(value: Any) -> bool:
    return isinstance(value, str) and TIMESTAMP.fullmatch(value) is not None


def is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def is_path(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("$")


COMPARED: Final[dict[str, Callable[[Any], bool]]] = {
    **{f"String{order}": is_text for order in ORDERS},
    **{f"Numeric{order}": is_number for order in ORDERS},
    **{f"Timestamp{order}": is_timestamp for order in ORDERS},
    "BooleanEquals": is_boolean,
}
OPERANDS: Final[dict[str, Callable[[Any], bool]]] = {
    **COMPARED,
    **{f"{operator}Path": is_path for operator in COMPARED},
    "StringMatches": is_text,
    **dict.fromkeys(TESTS, is_boolean),
}
BESIDE: Final = {"Variable", "Next", "Assign", "Output", "Comment", "Condition"}


def choice_faults(state: dict[str, Any], place: str, language: str) -> Faults:
    if state.get("Choices") == []:
        yield Fault("Choices must have at least one rule", f"{place}/Choices")
    for index, rule in rules_in(state, "Choices"):
        where = f"{place}/Choices[{index}]"
        if "Next" not in rule:
            yield Fault("These fields are required: [Next]", where)
        if language == JSONATA:
            yield from condition_faults(rule, where)
        else:
            yield from rule_faults(rule, where)


def condition_faults(rule: dict[str, Any], place: str) -> Faults:
    condition = rule.get("Condition")
    if not isinstance(condition, bool) and not is_expression(condition):
        yield Fault("Condition must be a boolean or a JSONata expression", f"{place}/Condition")


def rule_faults(rule: dict[str, Any], place: str) -> Faults:
    operators = [field for field in rule if field in OPERANDS or field in COMBINING]
    if len(operators) != 1:
        yield Fault("A rule must have exactly one comparison operator", place)
        return
    operator, operand = operators[0], rule[operators[0]]
    for field in rule.keys() - BESIDE - {operator}:
        yield Fault(f"Field '{field}' is not supported", place)
    if operator in COMBINING:
        yield from combined_faults(operator, operand, f"{place}/{operator}")
    elif "Variable" not in rule:
        yield Fault("These fields are required: [Variable]", place)
    elif not OPERANDS[operator](operand):
        yield Fault(f"The value is not valid for {operator}", f"{place}/{operator}")


def combined_faults(operator: str, operand: Any, place: str) -> Faults:
    rules = [operand] if operator == "Not" else operand
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, dict) for rule in rules):
        yield Fault("Value must be a rule" if operator == "Not" else "Value must be a list of rules", place)
        return
    for index, rule in enumerate(rules):
        where = place if operator == "Not" else f"{place}[{index}]"
        if "Next" in rule:
            yield Fault("Field 'Next' is not supported", where)
        yield from rule_faults(rule, where)
