"""The query language of a state, and the fields that only the other language has.

AWS's messages are those that public reports of ValidateStateMachineDefinition quote.
"""

from typing import Any

from localstack_plugin.stepfunctions.validation.faults import Fault, Faults

JSONPATH, JSONATA = "JSONPath", "JSONata"
JSONPATH_ONLY = (
    "InputPath",
    "OutputPath",
    "ResultPath",
    "ResultSelector",
    "Parameters",
    "Result",
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


def language_faults(state: dict[str, Any], place: str, machine_language: str, language: str) -> Faults:
    if machine_language == JSONATA and state.get("QueryLanguage") == JSONPATH:
        yield Fault("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", place)
    other, only = (JSONATA, JSONATA_ONLY) if language == JSONPATH else (JSONPATH, JSONPATH_ONLY)
    for field in only:
        if field in state:
            yield Fault(
                f"The QueryLanguage is set to '{language}', but field '{field}' is only supported for the "
                f"'{other}' QueryLanguage",
                place,
            )
    for field in ("ItemProcessor", "Iterator"):
        if isinstance(processor := state.get(field), dict) and "QueryLanguage" in processor:
            yield Fault("Field 'QueryLanguage' is not supported", f"{place}/{field}")
