"""Retry and Catch.

docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
"""

from typing import Any, Final

from localstack_plugin.stepfunctions.validation.faults import Fault, Faults, is_number, is_whole, rules_in

ALL: Final = "States.ALL"
LARGEST_COUNT: Final = 99_999_999
LONGEST_DELAY_S: Final = 31_622_400
RETRIER: Final = {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy"}
CATCHER: Final = {"ErrorEquals", "Next", "ResultPath", "Assign", "Output"}


def handler_faults(state: dict[str, Any], place: str) -> Faults:
    for field, known, required in (("Retry", RETRIER, ()), ("Catch", CATCHER, ("Next",))):
        for index, handler in rules_in(state, field):
            where = f"{place}/{field}[{index}]"
            for name in handler.keys() - known - {"Comment"}:
                yield Fault(f"Field '{name}' is not supported", where)
            for name in required:
                if name not in handler:
                    yield Fault(f"These fields are required: [{name}]", where)
            yield from error_name_faults(handler, where, is_last=index == len(state[field]) - 1)
            if field == "Retry":
                yield from retrier_faults(handler, where)


def error_name_faults(handler: dict[str, Any], place: str, is_last: bool) -> Faults:
    names = handler.get("ErrorEquals")
    if not isinstance(names, list) or not names:
        yield Fault("ErrorEquals must be a list of at least one error name", place)
    elif ALL in names and len(names) > 1:
        yield Fault(f"{ALL} must appear alone", f"{place}/ErrorEquals")
    elif ALL in names and not is_last:
        yield Fault(f"{ALL} must appear in the last element of the list", f"{place}/ErrorEquals")


def retrier_faults(retrier: dict[str, Any], place: str) -> Faults:
    limits = {
        "IntervalSeconds": (0, LARGEST_COUNT),
        "MaxAttempts": (0, LARGEST_COUNT),
        "MaxDelaySeconds": (1, LONGEST_DELAY_S - 1),
    }
    for field, (first, last) in limits.items():
        value = retrier.get(field, first)
        if not (is_whole(value) and first <= value <= last):
            yield Fault(f"Value must be an integer between {first} and {last}", f"{place}/{field}")
    rate = retrier.get("BackoffRate", 1.0)
    if not (is_number(rate) and rate >= 1):
        yield Fault("Value must be a number of at least 1.0", f"{place}/BackoffRate")
    if retrier.get("JitterStrategy", "NONE") not in ("FULL", "NONE"):
        yield Fault("Value must be one of [FULL, NONE]", f"{place}/JitterStrategy")
