"""Checks of a definition that LocalStack leaves out: where states lead, and fields of the other query language."""

from collections.abc import Iterator
from typing import Any

JSONPATH_ONLY = (
    "InputPath",
    "OutputPath",
    "ResultPath",
    "ResultSelector",
    "Parameters",
    "ItemsPath",
    "SecondsPath",
    "TimestampPath",
    "ErrorPath",
    "CausePath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "MaxConcurrencyPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
)
JSONATA_ONLY = ("Arguments", "Output", "Items")
WITHOUT_TRANSITION = ("Choice", "Succeed", "Fail")
SUBMACHINES = ("ItemProcessor", "Iterator")


def faults(machine: Any, place: str = "", language: str = "JSONPath") -> Iterator[str]:
    """Return what is wrong with a machine and the machines in it, each fault with its place, as AWS writes them."""
    if not isinstance(machine, dict) or not isinstance(states := machine.get("States"), dict):
        return  # the parser says so
    language = machine.get("QueryLanguage", language)
    if (start := machine.get("StartAt")) is not None and start not in states:
        yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {start} at {place}/StartAt"
    for name, state in states.items():
        if isinstance(state, dict):
            yield from state_faults(state, f"{place}/States/{name}", states.keys(), language)


def state_faults(state: dict[str, Any], place: str, names: Any, language: str) -> Iterator[str]:
    language = state.get("QueryLanguage", language)
    for target, where in targets(state):
        if target not in names:
            yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at {place}/{where}"
    if state.get("Type") not in (None, *WITHOUT_TRANSITION) and not {"Next", "End"} & state.keys():
        yield f"SCHEMA_VALIDATION_FAILED: These fields are required: [Next or End] at {place}"
    for field in JSONATA_ONLY if language == "JSONPath" else JSONPATH_ONLY:
        if field in state:
            yield f"SCHEMA_VALIDATION_FAILED: The field '{field}' is not supported with {language} at {place}/{field}"
    for index, branch in enumerate(state.get("Branches") or []):
        yield from faults(branch, f"{place}/Branches[{index}]", language)
    for field in SUBMACHINES:
        yield from faults(state.get(field), f"{place}/{field}", language)


def targets(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Return the states that a state can lead to, and the fields that name them."""
    for field in ("Next", "Default"):
        if isinstance(target := state.get(field), str):
            yield target, field
    for field in ("Choices", "Catch"):
        for index, rule in enumerate(state.get(field) or []):
            if isinstance(rule, dict) and isinstance(target := rule.get("Next"), str):
                yield target, f"{field}[{index}]/Next"
