"""The values that fields of states may have: numbers and their limits, and paths.

docs.aws.amazon.com/step-functions/latest/dg/ on each state has the limits.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from localstack_plugin.stepfunctions.validation.faults import Fault, Faults, is_expression, is_number, is_whole
from localstack_plugin.stepfunctions.validation.languages import JSONATA

LONGEST_TIMEOUT_S: Final = 99_999_999
LABEL: Final = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,40}")


def between(first: int, last: int | None = None) -> tuple[Callable[[Any], bool], str]:
    limit = f"between {first} and {last}" if last is not None else f"of at least {first}"
    return lambda value: is_whole(value) and first <= value and (last is None or value <= last), f"an integer {limit}"


NUMBERS: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "Seconds": between(0, LONGEST_TIMEOUT_S),
    "TimeoutSeconds": between(1, LONGEST_TIMEOUT_S),
    "HeartbeatSeconds": between(1, LONGEST_TIMEOUT_S),
    "MaxConcurrency": between(0),
    "ToleratedFailureCount": between(0),
    "ToleratedFailurePercentage": (lambda value: is_number(value) and 0 <= value <= 100, "a number between 0 and 100"),
}


def value_faults(state: dict[str, Any], place: str, language: str) -> Faults:
    for field, (is_valid, expected) in NUMBERS.items():
        if field in state and not is_valid(state[field]) and not (language == JSONATA and is_expression(state[field])):
            yield Fault(f"Value must be {expected}", f"{place}/{field}")
    label = state.get("Label")
    if label is not None and not (isinstance(label, str) and LABEL.fullmatch(label)):
        wanted = "1 to 40 characters, without spaces, wildcards, brackets, special and control characters"
        yield Fault(f"Value must have {wanted}", f"{place}/Label", "INVALID_LABEL_NAME")
    if state.get("End") is False and "Next" not in state:
        yield Fault("Value must be true", f"{place}/End")
