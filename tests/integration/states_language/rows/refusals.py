"""Definitions that AWS refuses when a state machine is created."""

from typing import Any

from tests.integration.states_language.row import (
    API,
    CAUGHT,
    GUIDE,
    SPEC,
    Definition,
    Row,
    caught,
    choosing,
    computed,
    evaluated,
    inner_machine,
    invoking,
    jsonata,
    machine,
    mapping,
    one_pass,
    outer,
    parallel,
    state,
)
from tests.integration.states_language.rows.maps import LISTING, distributed, reading

CHOICE, RETRY = GUIDE + "state-choice.html", GUIDE + "concepts-error-handling.html"
DIAGNOSTICS = API + "API_ValidateStateMachineDefinitionDiagnostic.html"
TASK, VARIABLES = GUIDE + "state-task.html", GUIDE + "workflow-variables.html"
V = {"Variable": "$.v"}
LOOP = {"StartAt": "A", "States": {"A": state("Pass", Next="B"), "B": state("Pass", Next="A")}}
LONG_NAME, LONGEST_NAME = "a" * 81, "a" * 80

RULES: list[Definition] = [
    {"And": []},
    {"Or": []},
    {"Not": [{**V, "NumericEquals": 1}]},
    {"And": [{**V, "NumericEquals": 1, "Next": "Yes"}]},
    {**V, "NumericEquals": 1, "StringEquals": "a"},
    V,
    {"NumericEquals": 1},
    {**V, "NumericEquals": "1"},
    {**V, "NumericEquals": True},
    {**V, "StringEquals": 5},
    {**V, "StringMatches": 1},
    {**V, "StringEqualsPath": "abc"},
    {**V, "BooleanEquals": "true"},
    {**V, "TimestampEquals": "abc"},
    {**V, "TimestampLessThan": "2016-03-14"},
    {**V, "IsNull": "yes"},
]
RETRIERS: list[dict[str, Any]] = [
    {"ErrorEquals": ["E"], "BackoffRate": 0.5},
    {"ErrorEquals": ["E"], "MaxAttempts": -1},
    {"ErrorEquals": ["E"], "MaxAttempts": 100_000_000},
    {"ErrorEquals": ["E"], "MaxDelaySeconds": 0},
    {"ErrorEquals": ["E"], "MaxDelaySeconds": 31_622_400},
    {"ErrorEquals": ["E"], "JitterStrategy": "HALF"},
    {"ErrorEquals": ["E"], "Next": "A"},
    {"ErrorEquals": ["States.ALL", "E"]},
    {"ErrorEquals": []},
]
STATES: list[tuple[str, str, Definition]] = [
    ("Retry of a Pass", DIAGNOSTICS, state("Pass", Retry=[{"ErrorEquals": ["E"]}])),
    ("Retry of a Choice", DIAGNOSTICS, {**choosing({**V, "IsNull": True})["States"]["A"], "Retry": []}),
    ("TimeoutSeconds of a Map", DIAGNOSTICS, mapping(state("Pass"), TimeoutSeconds=5)),
    ("TimeoutSeconds of a Parallel", DIAGNOSTICS, parallel(state("Pass"), TimeoutSeconds=5)),
    ("Parameters of a Wait", SPEC + "state-type-table", state("Wait", Seconds=1, Parameters={})),
    ("ResultSelector of a Pass", SPEC + "state-type-table", state("Pass", ResultSelector={})),
    ("a Fail with End", SPEC + "state-type-table", {**state("Fail"), "End": True}),
    ("Assign of a Succeed", VARIABLES, state("Succeed", Assign={"a": 1})),
    ("Assign of a Fail", VARIABLES, state("Fail", Assign={"a": 1})),
    ("End that is false", SPEC + "states-fields", {"Type": "Pass", "End": False}),
    ("a Wait that is too long", GUIDE + "state-wait.html", state("Wait", Seconds=100_000_000)),
    ("TimeoutSeconds 0", TASK, invoking({}, TimeoutSeconds=0)),
    ("lambda:invoke without a function", TASK, state("Task", Resource="arn:aws:states:::lambda:invoke")),
    (
        "lambda:invoke that waits for a job",
        GUIDE + "integrate-services.html",
        state("Task", Resource="arn:aws:states:::lambda:invoke.sync", Parameters={"FunctionName": "f"}),
    ),
    (
        "an action that the service does not have",
        GUIDE + "supported-services-awssdk.html",
        state("Task", Resource="arn:aws:states:::aws-sdk:s3:fooBar", Parameters={}),
    ),
    (
        "a template's path that is a text",
        GUIDE + "input-output-inputpath-params.html",
        state("Pass", Parameters={"a.$": "text"}),
    ),
    (
        "a template's path that is a number",
        GUIDE + "input-output-inputpath-params.html",
        state("Pass", Parameters={"a.$": 5}),
    ),
    ("a variable named states", VARIABLES, state("Pass", Assign={"states": 1})),
    ("a variable of 81 characters", VARIABLES, state("Pass", Assign={LONG_NAME: 1})),
    ("a variable with a hyphen", VARIABLES, state("Pass", Assign={"a-b": 1})),
    ("a variable that begins with a digit", VARIABLES, state("Pass", Assign={"1a.$": "$.x"})),
    ("MaxConcurrency -1", GUIDE + "state-map-inline.html", mapping(state("Pass"), MaxConcurrency=-1)),
    ("an ItemReader of an inline Map", GUIDE + "state-map-inline.html", mapping(state("Pass"), ItemReader=LISTING)),
    ("a tolerance of 101 percent", GUIDE + "state-map-distributed.html", distributed(ToleratedFailurePercentage=101)),
    ("a Label of 41 characters", GUIDE + "state-map-distributed.html", distributed(Label="a" * 41)),
    (
        "a distributed Map without ExecutionType",
        GUIDE + "state-map-distributed.html",
        state("Map", ItemProcessor={"ProcessorConfig": {"Mode": "DISTRIBUTED"}, **inner_machine(state("Pass"))}),
    ),
]
EXPRESSIONS = [
    "phone",
    "$states.input.a & phone.number",
    "$sum(prices)",
    "[a, 1]",
    "{'x': a}",
    "$$",
    "$states.result",
    "$states.errorOutput",
    "$exists($states.foo)",
    "1 +",
]
ACCEPTED_EXPRESSIONS: list[tuple[str, Any]] = [
    ("$states.input.l[k = 1].v", "x"),
    ("$states.input.l.(k + 1)", 2),
    ("$states.input.l{v: k}", {"x": 1}),
    ("$map($states.input.l, function($e) { $e.k })", 1),
    ("($states.input ~> |l|{'k': k + 1}|).l.k", 2),
]

ROWS = [
    *(Row(f"a rule {rule}", CHOICE, choosing(rule), refused=True) for rule in RULES),
    *(Row(f"a retrier {retrier}", RETRY, machine(invoking({}, Retry=[retrier])), refused=True) for retrier in RETRIERS),
    *(Row(name, source, machine(refused), refused=True) for name, source, refused in STATES),
    *(
        Row(f"the expression {text}", GUIDE + "transforming-data.html", evaluated(text), refused=True)
        for text in EXPRESSIONS
    ),
    *(
        Row(f"accepts {text}", GUIDE + "transforming-data.html", evaluated(text), {"l": [{"k": 1, "v": "x"}]}, output)
        for text, output in ACCEPTED_EXPRESSIONS
    ),
    Row(
        "Choices without a rule",
        CHOICE,
        machine(state("Choice", Choices=[], Default="B"), B=state("Pass")),
        refused=True,
    ),
    Row("a Choice without Choices", CHOICE, machine(state("Choice", Default="B"), B=state("Pass")), refused=True),
    Row(
        "a rule without Next",
        CHOICE,
        machine(state("Choice", Choices=[{**V, "IsNull": True}], Default="B"), B=state("Pass")),
        refused=True,
    ),
    Row(
        "States.ALL before another retrier",
        RETRY,
        machine(invoking({}, Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}])),
        refused=True,
    ),
    Row(
        "States.ALL before another catcher",
        RETRY,
        machine(invoking({}, Catch=[*caught("States.ALL"), *caught("E")]), Caught=CAUGHT),
        refused=True,
    ),
    Row("a state that nothing reaches", DIAGNOSTICS, machine(state("Pass"), B=state("Pass")), refused=True),
    Row("a machine without an end", DIAGNOSTICS, LOOP, refused=True),
    Row(
        "a name of 81 characters",
        SPEC + "states-fields",
        {"StartAt": LONG_NAME, "States": {LONG_NAME: state("Pass")}},
        refused=True,
    ),
    Row(
        "a name of 80 characters",
        SPEC + "states-fields",
        {"StartAt": LONGEST_NAME, "States": {LONGEST_NAME: state("Pass")}},
        {},
        {},
    ),
    Row(
        "a name in two branches", DIAGNOSTICS, outer(state("Parallel", Branches=[one_pass(), one_pass()])), refused=True
    ),
    Row("a name in a Map and around it", DIAGNOSTICS, machine(state("Map", ItemProcessor=one_pass())), refused=True),
    Row("a path that is not closed", GUIDE + "amazon-states-language-paths.html", computed("$.a["), refused=True),
    Row(
        "CSV without the place of its header",
        GUIDE + "input-output-itemreader.html",
        reading("CSV", "items.csv"),
        refused=True,
    ),
    Row(
        "CSV with a header that is not given",
        GUIDE + "input-output-itemreader.html",
        reading("CSV", "items.csv", CSVHeaderLocation="GIVEN"),
        refused=True,
    ),
    Row("Output of a Fail in JSONata", GUIDE + "state-fail.html", jsonata(state("Fail", Output="x")), refused=True),
    Row(
        "a Condition that is a plain text",
        CHOICE,
        jsonata(state("Choice", Choices=[{"Condition": "true", "Next": "B"}]), B=state("Pass")),
        refused=True,
    ),
    Row(
        "a state in a JSONata Map has the machine's language",
        GUIDE + "transforming-data.html",
        machine(mapping(state("Pass", Output=1), QueryLanguage="JSONata", Items=[1])),
        refused=True,
    ),
]
