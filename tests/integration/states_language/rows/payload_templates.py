"""InputPath, Parameters, ResultSelector, ResultPath and OutputPath."""

from tests.integration.states_language.row import (
    GUIDE,
    SPEC,
    TIMESTAMP,
    Row,
    invoking,
    machine,
    one_pass,
    parallel,
    state,
)

PARAMETERS = GUIDE + "input-output-inputpath-params.html#input-output-parameters"
SELECTOR = GUIDE + "input-output-inputpath-params.html#input-output-resultselector"
RESULT_PATH = GUIDE + "input-output-resultpath.html"
OUTPUT_PATH = GUIDE + "input-output-example.html#input-output-outputpath"


def template(name: str, parameters: object, given: object, output: object, source: str = PARAMETERS) -> Row:
    return Row(f"Parameters: {name}", source, one_pass(Parameters=parameters), given, output)


def result_path(path: str | None, given: object, output: object, source: str = RESULT_PATH) -> Row:
    return Row(f"ResultPath {path} into {given}", source, one_pass(Result="new", ResultPath=path), given, output)


def unwritable(path: str, given: object) -> Row:
    return Row(
        f"ResultPath {path} finds no place in {given}",
        GUIDE + "concepts-error-handling.html",
        one_pass(Result="new", ResultPath=path),
        given,
        error="States.ResultPathMatchFailure",
        cause=f"Unable to apply ReferencePath {path} to input",
    )


ROWS = [
    template("a constant", {"a": 1}, {}, {"a": 1}),
    template(
        "every kind of constant",
        {"i": 5, "n": -5, "f": 1.5, "e": 1e3, "t": True, "z": None, "s": "x", "l": [1, [2]], "o": {}},
        {},
        {"i": 5, "n": -5, "f": 1.5, "e": 1000.0, "t": True, "z": None, "s": "x", "l": [1, [2]], "o": {}},
    ),
    template("nothing", {}, {"a": 1}, {}),
    template("a path", {"a.$": "$.b"}, {"b": [1]}, {"a": [1]}),
    template("a path to the whole input", {"a.$": "$"}, {"b": 1}, {"a": {"b": 1}}),
    template("nested objects", {"a": {"b": {"c.$": "$.d"}, "e": "$.d"}}, {"d": 1}, {"a": {"b": {"c": 1}, "e": "$.d"}}),
    template("objects in arrays", {"a": [{"b.$": "$.c"}, "$.c"]}, {"c": 1}, {"a": [{"b": 1}, "$.c"]}),
    template("a text that only looks like a path", {"a": "$.b"}, {"b": 1}, {"a": "$.b"}),
    template("a text that only looks like a function", {"a": "States.UUID()"}, {}, {"a": "States.UUID()"}),
    template(
        "a name that is a keyword of the language",
        {"Next": 1, "Type": "Task", "States": {"End.$": "$.a"}},
        {"a": 2},
        {"Next": 1, "Type": "Task", "States": {"End": 2}},
    ),
    template("a RoleArn", {"RoleArn.$": "$.r"}, {"r": "arn"}, {"RoleArn": "arn"}),
    template("the context object", {"s.$": "$$.State.Name"}, {}, {"s": "A"}, GUIDE + "input-output-contextobject.html"),
    template("an intrinsic function", {"a.$": "States.Array($.b, 1)"}, {"b": 2}, {"a": [2, 1]}),
    template("text that is not ASCII", {"größe": "hé", "日本": "語"}, {}, {"größe": "hé", "日本": "語"}, SPEC + "data"),
    template("quotes and backslashes", {"a": 'say "x" \\ /'}, {}, {"a": 'say "x" \\ /'}, SPEC + "data"),
    template("line breaks and tabs", {"a": "1\n2\t3"}, {}, {"a": "1\n2\t3"}, SPEC + "data"),
    Row(
        "Parameters after InputPath",
        PARAMETERS,
        one_pass(InputPath="$.a", Parameters={"b.$": "$.c"}),
        {"a": {"c": 1}},
        {"b": 1},
    ),
    Row("Result replaces the input", GUIDE + "state-pass.html", one_pass(Result={"a": 1}), {"b": 2}, {"a": 1}),
    Row("Result of any type", GUIDE + "state-pass.html", one_pass(Result=[1, None, "x"]), {}, [1, None, "x"]),
    Row("Result null", GUIDE + "state-pass.html", one_pass(Result=None), {"a": 1}, None),
    Row("Result is no template", GUIDE + "state-pass.html", one_pass(Result={"a.$": "$.b"}), {"b": 1}, {"a.$": "$.b"}),
    result_path("$", {"a": 1}, "new"),
    result_path(None, {"a": 1}, {"a": 1}),
    result_path("$.b", {"a": 1}, {"a": 1, "b": "new"}),
    result_path("$.a", {"a": 1}, {"a": "new"}),
    result_path("$.a.b", {"a": {"c": 1}}, {"a": {"c": 1, "b": "new"}}),
    result_path("$.x.y.z", {"a": 1}, {"a": 1, "x": {"y": {"z": "new"}}}, SPEC + "filters"),
    result_path("$['größe']", {}, {"größe": "new"}),
    result_path("$['a']['b c']", {}, {"a": {"b c": "new"}}),
    result_path("$.a[0]", {"a": [1, 2]}, {"a": ["new", 2]}, SPEC + "reference-paths"),
    result_path("$.a[1].b", {"a": [1, {}]}, {"a": [1, {"b": "new"}]}, SPEC + "reference-paths"),
    unwritable("$.a", [1]),
    unwritable("$.a", "text"),
    unwritable("$.a.b", {"a": 1}),
    unwritable("$.a[5]", {"a": [1]}),
    unwritable("$.a[0]", {"a": {}}),
    Row(
        "ResultSelector takes parts of the result",
        SELECTOR,
        machine(
            parallel(
                state("Pass", Result={"m": "hi", "n": 1}), ResultSelector={"m.$": "$[0].m", "all.$": "$[*].n", "c": 1}
            )
        ),
        {},
        {"m": "hi", "all": [1], "c": 1},
    ),
    Row(
        "ResultSelector, then ResultPath, then OutputPath",
        GUIDE + "concepts-input-output-filtering.html",
        machine(
            parallel(state("Pass", Result=5), ResultSelector={"v.$": "$[0]"}, ResultPath="$.r", OutputPath="$.r.v")
        ),
        {"a": 1},
        5,
    ),
    Row(
        "ResultSelector sees the context object",
        SELECTOR,
        machine(parallel(state("Pass"), ResultSelector={"s.$": "$$.State.Name", "t.$": "$$.State.EnteredTime"})),
        {},
        {"s": "A", "t": TIMESTAMP},
    ),
    Row(
        "a Task's result at a ResultPath",
        RESULT_PATH,
        machine(
            {**invoking({"return": 3}), "ResultSelector": {"p.$": "$.Payload"}, "ResultPath": "$.r", "OutputPath": "$"}
        ),
        {"a": 1},
        {"a": 1, "r": {"p": 3}},
    ),
    Row(
        "a Task's result discarded",
        RESULT_PATH,
        machine({**invoking({"return": 3}), "ResultPath": None, "OutputPath": "$"}),
        {"a": 1},
        {"a": 1},
    ),
    Row(
        "a Task's Parameters",
        PARAMETERS,
        machine(invoking({"return": {"x.$": "$.a", "y": 2}})),
        {"a": 1},
        {"x": 1, "y": 2},
    ),
    Row(
        "a missing path in a Task's Parameters names the field",
        GUIDE + "concepts-error-handling.html",
        machine(invoking({"x.$": "$.absent"})),
        {"a": 1},
        error="States.Runtime",
        cause="The JSONPath '$.absent' specified for the field 'x.$' could not be found in the input '{\"a\":1}'",
    ),
    Row(
        "Parameters and OutputPath",
        OUTPUT_PATH,
        one_pass(Parameters={"a": {"b.$": "$.c"}}, OutputPath="$.a.b"),
        {"c": 7},
        7,
    ),
    Row(
        "ResultPath on a Pass without Result",
        RESULT_PATH,
        one_pass(InputPath="$.a", ResultPath="$.b"),
        {"a": 1},
        {"a": 1, "b": 1},
    ),
    Row(
        "a ResultPath that is no reference path", SPEC + "reference-paths", one_pass(ResultPath="$.a[*]"), refused=True
    ),
    Row("a ResultPath with a filter", SPEC + "reference-paths", one_pass(ResultPath="$.a[?(@.b)]"), refused=True),
    Row("a ResultPath that descends", SPEC + "reference-paths", one_pass(ResultPath="$..a"), refused=True),
]
