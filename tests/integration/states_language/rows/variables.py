"""Workflow variables: Assign, scopes, and their use in both query languages."""

from tests.integration.states_language.row import (
    GUIDE,
    Row,
    choosing,
    invoking,
    jsonata,
    machine,
    mapping,
    parallel,
    state,
)

PAGE = GUIDE + "workflow-variables.html"


def assigning(assign: object, use: object) -> dict[str, object]:
    """Return a machine that assigns in one state and uses the variables in the next."""
    return machine(state("Pass", Assign=assign, Next="B"), B=state("Pass", Parameters=use))


def assigning_jsonata(assign: object, output: object) -> dict[str, object]:
    return jsonata(state("Pass", Assign=assign, Next="B"), B=state("Pass", Output=output))


ROWS = [
    Row("a constant", PAGE, assigning({"x": 1}, {"v.$": "$x"}), {}, {"v": 1}),
    Row("a path", PAGE, assigning({"x.$": "$.a"}, {"v.$": "$x"}), {"a": {"b": 2}}, {"v": {"b": 2}}),
    Row("a path into a variable", PAGE, assigning({"x.$": "$.a"}, {"v.$": "$x.b[1]"}), {"a": {"b": [1, 2]}}, {"v": 2}),
    Row(
        "an indefinite path into a variable", PAGE, assigning({"x.$": "$"}, {"v.$": "$x[*].k"}), [{"k": 1}], {"v": [1]}
    ),
    Row("a function", PAGE, assigning({"x.$": "States.Format('a{}', $.n)"}, {"v.$": "$x"}), {"n": 1}, {"v": "a1"}),
    Row("a variable as an argument", PAGE, assigning({"x": [1, 2]}, {"v.$": "States.ArrayLength($x)"}), {}, {"v": 2}),
    Row(
        "a variable's field as an argument",
        PAGE,
        assigning({"x": {"n": 4}}, {"v.$": "States.MathAdd($x.n, 1)"}),
        {},
        {"v": 5},
    ),
    Row(
        "nested objects",
        PAGE,
        assigning({"x": {"y.$": "$.a", "z": [1]}}, {"v.$": "$x"}),
        {"a": 1},
        {"v": {"y": 1, "z": [1]}},
    ),
    Row("a text with quotes", PAGE, assigning({"x": 'say "hi"'}, {"v.$": "$x"}), {}, {"v": 'say "hi"'}),
    Row("a negative number", PAGE, assigning({"x": -3}, {"v.$": "$x"}), {}, {"v": -3}),
    Row(
        "the output is not touched",
        PAGE,
        machine(state("Pass", Assign={"x": 1}, Next="B"), B=state("Pass")),
        {"a": 1},
        {"a": 1},
    ),
    Row(
        "assigned anew",
        PAGE,
        machine(
            state("Pass", Assign={"x": 1}, Next="B"),
            B=state("Pass", Assign={"x": 2}, Next="C"),
            C=state("Pass", Parameters={"v.$": "$x"}),
        ),
        {},
        {"v": 2},
    ),
    Row(
        "expressions see the values from before",
        PAGE,
        machine(
            state("Pass", Assign={"x": 1, "y": 2}, Next="B"),
            B=state("Pass", Assign={"x.$": "$y", "y.$": "$x"}, Next="C"),
            C=state("Pass", Parameters={"x.$": "$x", "y.$": "$y"}),
        ),
        {},
        {"x": 2, "y": 1},
    ),
    Row(
        "a Task's result",
        PAGE,
        machine(
            invoking({"return": 5}, Assign={"x.$": "$.Payload"}, Next="B"), B=state("Pass", Parameters={"v.$": "$x"})
        ),
        {},
        {"v": 5},
    ),
    Row(
        "an iteration reads the outer scope",
        PAGE,
        machine(state("Pass", Assign={"x": 5}, Next="M"), M=mapping(state("Pass", Parameters={"v.$": "$x"}))),
        [1, 2],
        [{"v": 5}, {"v": 5}],
    ),
    Row(
        "a branch reads the outer scope",
        PAGE,
        machine(state("Pass", Assign={"x": 5}, Next="M"), M=parallel(state("Pass", Parameters={"v.$": "$x"}))),
        {},
        [{"v": 5}],
    ),
    Row(
        "an operand that is a variable",
        PAGE,
        machine(
            state("Pass", Assign={"limit": 10}, Next="C"),
            C={**choosing({"Variable": "$.v", "NumericGreaterThanPath": "$limit"})["States"]["A"]},
            Yes=state("Pass", Result="yes"),
            No=state("Pass", Result="no"),
        ),
        {"v": 11},
        "yes",
    ),
    Row(
        "an operand that is a variable, the other way",
        PAGE,
        machine(
            state("Pass", Assign={"limit": 10}, Next="C"),
            C={**choosing({"Variable": "$.v", "NumericLessThanPath": "$limit"})["States"]["A"]},
            Yes=state("Pass", Result="yes"),
            No=state("Pass", Result="no"),
        ),
        {"v": 11},
        "no",
    ),
    Row(
        "a Variable that is a variable",
        PAGE,
        machine(
            state("Pass", Assign={"x": 1}, Next="C"),
            C={**choosing({"Variable": "$x", "NumericEquals": 1})["States"]["A"]},
            Yes=state("Pass", Result="yes"),
            No=state("Pass", Result="no"),
        ),
        {},
        "yes",
    ),
    Row(
        "Assign of a Choice rule",
        PAGE,
        machine(
            state(
                "Choice",
                Choices=[{"Variable": "$.v", "NumericEquals": 1, "Assign": {"x": "rule"}, "Next": "B"}],
                Default="B",
                Assign={"x": "default"},
            ),
            B=state("Pass", Parameters={"v.$": "$x"}),
        ),
        {"v": 2},
        {"v": "default"},
    ),
    Row(
        "Assign of a Catcher",
        PAGE,
        machine(
            parallel(
                state("Fail", Error="E", Cause="C"),
                Catch=[{"ErrorEquals": ["E"], "Assign": {"x.$": "$.Error"}, "Next": "B"}],
            ),
            B=state("Pass", Parameters={"v.$": "$x"}),
        ),
        {},
        {"v": "E"},
    ),
    Row(
        "in JSONata",
        PAGE,
        assigning_jsonata({"x": "{% $states.input.a + 1 %}", "y": "text"}, {"x": "{% $x %}", "y": "{% $y & '!' %}"}),
        {"a": 1},
        {"x": 2, "y": "text!"},
    ),
    Row(
        "in JSONata, a text with quotes",
        PAGE,
        assigning_jsonata({"x": "{% $states.input %}"}, "{% $x %}"),
        'a "b" \\ c\nd',
        'a "b" \\ c\nd',
    ),
    Row("in JSONata, null", PAGE, assigning_jsonata({"x": None}, {"v": "{% $x = null %}"}), {}, {"v": True}),
    Row(
        "in JSONata, a field of a variable",
        PAGE,
        assigning_jsonata({"x": {"a": {"b": [1, 2]}}}, "{% $x.a.b[1] %}"),
        {},
        2,
    ),
    Row(
        "in JSONata, an iteration reads the outer scope",
        PAGE,
        jsonata(
            state("Pass", Assign={"x": 5}, Next="M"),
            M=mapping(state("Pass", Output="{% $x + $states.input %}"), Items="{% $states.input %}"),
        ),
        [1, 2],
        [6, 7],
    ),
    Row(
        "in JSONata, a variable that does not exist",
        PAGE,
        jsonata(state("Pass", Output={"r": "{% $absent %}"})),
        {},
        error="States.QueryEvaluationError",
        cause="The JSONata expression '$absent' specified for the field 'Output/r' returned nothing (undefined).",
    ),
    Row(
        "a JSONPath machine with a JSONata state",
        GUIDE + "transforming-data.html",
        machine(
            state("Pass", Assign={"x": 2}, Next="B"), B=state("Pass", QueryLanguage="JSONata", Output="{% $x * 3 %}")
        ),
        {},
        6,
    ),
]
