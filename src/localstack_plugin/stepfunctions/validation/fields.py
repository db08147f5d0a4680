"""The fields of each type of state.

states-language.net/spec.html#state-type-table, and docs.aws.amazon.com/step-functions/latest/dg/ on each state.
"""

from typing import Any, Final

from localstack_plugin.stepfunctions.validation.faults import Fault, Faults

COMMON: Final = {"Type", "Comment", "QueryLanguage", "InputPath", "OutputPath"}
PASSING: Final = COMMON | {"Next", "End", "Assign", "Output"}
HANDLING: Final = PASSING | {"Parameters", "Arguments", "ResultPath", "ResultSelector", "Retry", "Catch"}
MAP: Final = {
    "ItemProcessor",
    "Iterator",
    "ItemsPath",
    "Items",
    "ItemSelector",
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "MaxConcurrency",
    "MaxConcurrencyPath",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
    "Label",
}
TIMING: Final = {"TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"}
FIELDS: Final[dict[str, set[str]]] = {
    "Task": HANDLING | TIMING | {"Resource", "Credentials"},
    "Parallel": HANDLING | {"Branches"},
    "Map": (HANDLING - {"Arguments"}) | MAP,
    "Pass": PASSING | {"Parameters", "ResultPath", "Result"},
    "Wait": PASSING | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Choice": COMMON | {"Choices", "Default", "Assign", "Output"},
    "Succeed": COMMON | {"Output"},
    "Fail": COMMON | {"Error", "ErrorPath", "Cause", "CausePath"},
}
REQUIRED: Final = {"Choice": ("Choices",), "Task": ("Resource",), "Parallel": ("Branches",)}
DISTRIBUTED_ONLY: Final = ("ItemReader", "ItemBatcher", "ResultWriter", "Label")
"""The guide lists the tolerated failures here, too, but AWS accepts them in a Map in INLINE mode."""
ONE_OF: Final = (
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("ItemSelector", "Parameters"),
)


def field_faults(state: dict[str, Any], place: str) -> Faults:
    kind = state.get("Type")
    if not isinstance(kind, str) or kind not in FIELDS:
        return  # the parser says so
    yield from (Fault(f"Field '{field}' is not supported", place) for field in state if field not in FIELDS[kind])
    missing = [field for field in REQUIRED.get(kind, ()) if field not in state]
    yield from (Fault(f"These fields are required: [{field}]", place) for field in missing)
    for one, other in ONE_OF:
        if one in state and other in state:
            yield Fault(f"Only one of the fields '{one}' and '{other}' may be specified", place)
    if kind == "Map":
        yield from map_faults(state, place)


def map_faults(state: dict[str, Any], place: str) -> Faults:
    processor = state.get("ItemProcessor", state.get("Iterator"))
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    config = config if isinstance(config, dict) else {}
    if config.get("Mode") == "DISTRIBUTED":
        if "ExecutionType" not in config:
            yield Fault("These fields are required: [ExecutionType]", f"{place}/ItemProcessor/ProcessorConfig")
        yield from reader_faults(state.get("ItemReader"), f"{place}/ItemReader/ReaderConfig")
        return
    for field in DISTRIBUTED_ONLY:
        if field in state:
            yield Fault(f"Field '{field}' is not supported by a Map state in INLINE mode", place)


def reader_faults(reader: Any, place: str) -> Faults:
    config = reader.get("ReaderConfig") if isinstance(reader, dict) else None
    if not isinstance(config, dict) or config.get("InputType") != "CSV":
        return
    if "CSVHeaderLocation" not in config:
        yield Fault("These fields are required: [CSVHeaderLocation]", place)
    if config.get("CSVHeaderLocation") == "GIVEN" and not config.get("CSVHeaders"):
        yield Fault("These fields are required: [CSVHeaders]", place)
