"""Map states: inline and distributed."""

from typing import Any

from tests.integration.states_language.row import (
    GUIDE,
    Definition,
    Matching,
    Row,
    Satisfying,
    inner_machine,
    jsonata,
    machine,
    mapping,
    state,
)

INLINE, DISTRIBUTED = GUIDE + "state-map-inline.html", GUIDE + "state-map-distributed.html"
READER, WRITER = GUIDE + "input-output-itemreader.html", GUIDE + "input-output-resultwriter.html"
SELECTOR = GUIDE + "input-output-itemselector.html"
TOLERANCE = GUIDE + "state-map-distributed.html#maprun-fail-threshold"
SAME = state("Pass")
PLUS_ONE = state("Pass", Parameters={"n.$": "States.MathAdd($, 1)"}, OutputPath="$.n")
FAIL_ON_ODD = {
    "StartAt": "IsOdd",
    "States": {
        "IsOdd": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.odd", "BooleanEquals": True, "Next": "F"}],
            "Default": "S",
        },
        "F": state("Fail", Error="Odd", Cause="it is odd"),
        "S": state("Succeed"),
    },
}
ITEMS = [{"odd": False}, {"odd": True}, {"odd": False}, {"odd": True}]


def distributed(processor: Definition = SAME, **fields: Any) -> Definition:
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    return state("Map", ItemProcessor={**config, **inner_machine(processor)}, **fields)


def tolerating(**fields: Any) -> Definition:
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    return machine(state("Map", ItemProcessor={**config, **FAIL_ON_ODD}, ResultSelector={"done": True}, **fields))


def reading(kind: str, key: str, **config: Any) -> Definition:
    parameters = {"Bucket": "${bucket}", "Key": key}
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": kind, **config},
        "Parameters": parameters,
    }
    return machine(distributed(ItemReader=reader))


LISTING = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "${bucket}", "Prefix": "listed/"}}
WRITING = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "${bucket}", "Prefix": "written"}}
NO_ARRAYS: list[Any] = [1, "text", {"b": []}, None]
CSV_ROWS = [{"rating": "3.3", "title": "A"}, {"rating": "9.7", "title": "B, C"}]

ROWS = [
    Row("a Map over the input", INLINE, machine(mapping(PLUS_ONE)), [1, 2, 3], [2, 3, 4]),
    Row("a Map over no items", INLINE, machine(mapping(SAME)), [], []),
    Row(
        "ItemsPath",
        GUIDE + "input-output-itemspath.html",
        machine(mapping(SAME, ItemsPath="$.a.b")),
        {"a": {"b": [1, {"c": 2}]}},
        [1, {"c": 2}],
    ),
    Row(
        "ItemsPath of the context object",
        GUIDE + "input-output-itemspath.html",
        machine(mapping(SAME, ItemsPath="$$.Execution.Input.a")),
        {"a": [1]},
        [1],
    ),
    Row(
        "ItemSelector",
        SELECTOR,
        machine(
            mapping(
                SAME,
                ItemsPath="$.l",
                ItemSelector={"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "all.$": "$.x", "c": 1},
            )
        ),
        {"l": ["a", "b"], "x": 9},
        [{"i": 0, "v": "a", "all": 9, "c": 1}, {"i": 1, "v": "b", "all": 9, "c": 1}],
    ),
    Row(
        "Parameters, the older name of ItemSelector",
        SELECTOR,
        machine(mapping(SAME, Parameters={"v.$": "$$.Map.Item.Value"})),
        [1],
        [{"v": 1}],
    ),
    Row(
        "Iterator, the older name of ItemProcessor",
        INLINE,
        machine(state("Map", Iterator=inner_machine(PLUS_ONE))),
        [1],
        [2],
    ),
    Row(
        "the context object inside an iteration",
        GUIDE + "input-output-contextobject.html",
        machine(mapping(state("Pass", Parameters={"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"}))),
        ["x"],
        [{"i": 0, "v": "x"}],
    ),
    Row("MaxConcurrency 1 keeps the order", INLINE, machine(mapping(SAME, MaxConcurrency=1)), [1, 2, 3], [1, 2, 3]),
    Row(
        "MaxConcurrency 1 over 600 items",
        INLINE,
        machine(mapping(SAME, MaxConcurrency=1)),
        list(range(600)),
        list(range(600)),
    ),
    Row(
        "MaxConcurrencyPath",
        INLINE,
        machine(mapping(SAME, ItemsPath="$.l", MaxConcurrencyPath="$.m")),
        {"l": [1, 2], "m": 2},
        [1, 2],
    ),
    # recorded on AWS in July 2025 by the public tests of localstack/localstack (test_base_evaluate_expressions.py)
    *(
        Row(f"{field} {value} of an inline Map", TOLERANCE, jsonata(mapping(SAME, **{field: value})), [1, 2], [1, 2])
        for field in ("ToleratedFailureCount", "ToleratedFailurePercentage")
        for value in (1, "{% 1 %}")
    ),
    Row(
        "ResultPath of a Map",
        INLINE,
        machine(mapping(PLUS_ONE, ItemsPath="$.l", ResultPath="$.r")),
        {"l": [1]},
        {"l": [1], "r": [2]},
    ),
    Row(
        "ResultSelector of a Map",
        INLINE,
        machine(mapping(PLUS_ONE, ResultSelector={"first.$": "$[0]", "n.$": "States.ArrayLength($)"})),
        [1, 2],
        {"first": 2, "n": 2},
    ),
    Row("a Map within a Map", INLINE, machine(mapping(mapping(PLUS_ONE))), [[1, 2], [3]], [[2, 3], [4]]),
    Row(
        "an iteration that fails fails the Map",
        INLINE,
        machine(state("Map", ItemProcessor=FAIL_ON_ODD)),
        ITEMS,
        error="Odd",
        cause="it is odd",
    ),
    Row(
        "a Map over an indefinite path of one item",
        GUIDE + "amazon-states-language-paths.html",
        machine(state("Pass", Parameters={"k.$": "$.l[*].k"}, Next="M"), M=mapping(SAME, ItemsPath="$.k")),
        {"l": [{"k": "x"}]},
        ["x"],
    ),
    Row(
        "a Map in JSONata",
        INLINE,
        jsonata(mapping(state("Pass", Output="{% $states.input * 2 %}"), Items="{% $states.input.l %}")),
        {"l": [1, 2]},
        [2, 4],
    ),
    Row(
        "Items of a Map as an array",
        INLINE,
        jsonata(mapping(state("Pass"), Items=[1, "{% $states.input.a %}", "x"])),
        {"a": 2},
        [1, 2, "x"],
    ),
    Row(
        "ItemSelector in JSONata",
        SELECTOR,
        jsonata(
            mapping(
                state("Pass"),
                Items="{% $states.input %}",
                ItemSelector={"i": "{% $states.context.Map.Item.Index %}", "v": "{% $states.context.Map.Item.Value %}"},
            )
        ),
        [7],
        [{"i": 0, "v": 7}],
    ),
    Row(
        "Items of a Map that are no array",
        INLINE,
        jsonata(mapping(state("Pass"), Items="{% 1 %}")),
        {},
        error="States.QueryEvaluationError",
        cause="specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'number'",
    ),
    Row("a Map without a processor", INLINE, machine(state("Map")), refused=True),
    # distributed
    Row("a distributed Map over the input", DISTRIBUTED, machine(distributed(PLUS_ONE)), [1, 2, 3], [2, 3, 4]),
    Row("a distributed Map over no items", DISTRIBUTED, machine(distributed()), [], []),
    Row("an ItemReader of JSON", READER, reading("JSON", "items.json"), {}, [{"n": 1}, {"n": 2}]),
    Row(
        "an ItemReader of JSON lines",
        READER,
        reading("JSONL", "items.jsonl"),
        {},
        [{"n": 1}, {"n": 2}],
        difference="LocalStack 4.9.2 does not know the InputType JSONL",
    ),
    Row(
        "an ItemReader of CSV with its first row",
        READER,
        reading("CSV", "items.csv", CSVHeaderLocation="FIRST_ROW"),
        {},
        CSV_ROWS,
    ),
    Row(
        "an ItemReader of CSV with names",
        READER,
        reading("CSV", "plain.csv", CSVHeaderLocation="GIVEN", CSVHeaders=["a", "b"]),
        {},
        [{"a": "1", "b": "2"}],
    ),
    Row(
        "ItemBatcher",
        GUIDE + "input-output-itembatcher.html",
        machine(distributed(ItemBatcher={"MaxItemsPerBatch": 2})),
        [1, 2, 3],
        [{"Items": [1, 2]}, {"Items": [3]}],
        difference="LocalStack 4.9.2 refuses ItemBatcher",
    ),
    Row(
        "CSVDelimiter",
        READER,
        reading("CSV", "items.csv", CSVHeaderLocation="FIRST_ROW", CSVDelimiter="COMMA"),
        {},
        CSV_ROWS,
        difference="LocalStack 4.9.2 refuses CSVDelimiter",
    ),
    Row(
        "WriterConfig",
        WRITER,
        machine(distributed(ResultWriter={"WriterConfig": {"OutputType": "JSON", "Transformation": "NONE"}})),
        [1],
        Satisfying(lambda output: isinstance(output, list)),
        difference="LocalStack 4.9.2 refuses WriterConfig",
    ),
    Row(
        "a CSV file with a byte order mark, a newline in a field, and rows that are short and long",
        READER,
        reading("CSV", "odd.csv", CSVHeaderLocation="FIRST_ROW"),
        {},
        [{"a": "1", "b": "x\ny"}, {"a": "2", "b": ""}, {"a": "é", "b": "3"}],
    ),
    *(
        Row(f"an ItemReader of {key}", READER, reading("JSON", key), {}, error="States.ItemReaderFailed")
        for key in ("object.json", "broken.json")
    ),
    Row(
        "child workflows that are Express",
        DISTRIBUTED,
        machine(
            state(
                "Map",
                ItemProcessor={
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                    **inner_machine(PLUS_ONE),
                },
            )
        ),
        [1, 2],
        [2, 3],
    ),
    *(
        Row(
            f"a Map over {given}",
            GUIDE + "input-output-itemspath.html",
            machine(mapping(SAME, ItemsPath="$.a")),
            {"a": given},
            error="States.Runtime",
            cause='Reference path "$.a" must point to array.',
        )
        for given in NO_ARRAYS
    ),
    Row("MaxItems", READER, reading("JSON", "items.json", MaxItems=1), {}, [{"n": 1}]),
    Row(
        "an ItemReader of a list of objects",
        READER,
        machine(distributed(state("Pass", OutputPath="$.Key"), ItemReader=LISTING)),
        {},
        ["listed/1", "listed/2"],
    ),
    Row(
        "an ItemReader of an object that is not there",
        READER,
        reading("JSON", "absent.json"),
        {},
        error="States.ItemReaderFailed",
    ),
    Row(
        "ItemSelector of a distributed Map",
        SELECTOR,
        machine(distributed(ItemSelector={"v.$": "$$.Map.Item.Value", "c.$": "$.c"}, ItemsPath="$.l")),
        {"l": [1], "c": 5},
        [{"v": 1, "c": 5}],
    ),
    Row(
        "a ResultWriter",
        WRITER,
        machine(distributed(ResultWriter=WRITING)),
        [1],
        {
            "MapRunArn": Matching("arn:aws:states:us-east-1:000000000000:mapRun:.*"),
            "ResultWriterDetails": {"Bucket": "${bucket}", "Key": Matching("written/.*/manifest.json")},
        },
    ),
    Row(
        "ToleratedFailureCount that is enough", DISTRIBUTED, tolerating(ToleratedFailureCount=2), ITEMS, {"done": True}
    ),
    Row(
        "ToleratedFailureCount that is exceeded",
        DISTRIBUTED,
        tolerating(ToleratedFailureCount=1),
        ITEMS,
        error="States.ExceedToleratedFailureThreshold",
    ),
    Row(
        "ToleratedFailurePercentage that is enough",
        DISTRIBUTED,
        tolerating(ToleratedFailurePercentage=50.0),
        ITEMS,
        {"done": True},
    ),
    Row(
        "ToleratedFailurePercentage as an integer",
        DISTRIBUTED,
        tolerating(ToleratedFailurePercentage=50),
        ITEMS,
        {"done": True},
    ),
    Row(
        "ToleratedFailurePercentage that is exceeded",
        DISTRIBUTED,
        tolerating(ToleratedFailurePercentage=25.0),
        ITEMS,
        error="States.ExceedToleratedFailureThreshold",
    ),
    Row(
        "no failure is tolerated if nothing is said",
        DISTRIBUTED,
        tolerating(),
        ITEMS,
        error="States.ExceedToleratedFailureThreshold",
    ),
    Row(
        "the exceeded threshold is caught",
        DISTRIBUTED,
        {
            **machine(
                {
                    **tolerating()["States"]["A"],
                    "Catch": [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "C"}],
                },
                C=state("Pass", Result="caught"),
            )
        },
        ITEMS,
        "caught",
    ),
    Row(
        "a child workflow's own context",
        DISTRIBUTED,
        machine(distributed(state("Pass", Parameters={"s.$": "$$.State.Name"}))),
        [1],
        [{"s": "Inner1"}],
    ),
]
