"""JSONata: states, $states, the functions of Step Functions, and errors."""

from typing import Any

from tests.integration.states_language.row import (
    GUIDE,
    JSONATA,
    UUID,
    Definition,
    Row,
    Satisfying,
    caught,
    evaluated,
    jsonata,
    mapping,
    parallel,
    state,
)

PAGE = GUIDE + "transforming-data.html"
FUNCTIONS = PAGE + "#provided-functions"
ORDERS = {
    "orders": [
        {"product": {"name": "hat", "price": 34.45}, "quantity": 2},
        {"product": {"name": "cloak", "price": 107.99}, "quantity": 1},
    ],
    "name": "Fred",
    "none": None,
    "empty": [],
}

# expression, output, page of docs.jsonata.org or of AWS
EVALUATED: list[tuple[str, Any, str]] = [
    ("$states.input.name", "Fred", PAGE),
    ("$states.input", ORDERS, PAGE),
    ("$states.input.none", None, PAGE),
    ("$states.input.empty", [], JSONATA + "simple"),
    ("$states.input.orders.product.name", ["hat", "cloak"], JSONATA + "simple"),
    ("$states.input.orders[0].quantity", 2, JSONATA + "simple"),
    ("$states.input.orders[-1].quantity", 1, JSONATA + "simple"),
    ("$states.input.orders[quantity = 1].product.name", "cloak", JSONATA + "predicate"),
    ("$states.input.orders[quantity = 1].product.name[]", ["cloak"], JSONATA + "predicate"),
    ("$sum($states.input.orders.(product.price * quantity))", 176.89, JSONATA + "aggregation-functions"),
    ("$count($states.input.orders)", 2, JSONATA + "aggregation-functions"),
    ("$max([1, 3, 2])", 3, JSONATA + "aggregation-functions"),
    ("$average([1, 2, 3])", 2, JSONATA + "aggregation-functions"),
    ("1 + 2 * 3", 7, JSONATA + "numeric-operators"),
    ("7 / 2", 3.5, JSONATA + "numeric-operators"),
    ("7 % 4", 3, JSONATA + "numeric-operators"),
    ("[1..5]", [1, 2, 3, 4, 5], JSONATA + "numeric-operators"),
    ("[1..3].($ * 2)", [2, 4, 6], JSONATA + "numeric-operators"),
    ("1 < 2 and 'a' != 'b'", True, JSONATA + "boolean-operators"),
    ("1 in [1, 2]", True, JSONATA + "comparison-operators"),
    ("'a' & 'b' & 1", "ab1", JSONATA + "other-operators"),
    ("true ? 'yes' : 'no'", "yes", JSONATA + "other-operators"),
    ("($x := 5; $x * 2)", 10, JSONATA + "programming"),
    ("($f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f(5))", 120, JSONATA + "programming"),
    ("$uppercase('größe')", "GRÖSSE", JSONATA + "string-functions"),
    ("$substring('hello', 1, 3)", "ell", JSONATA + "string-functions"),
    ("$split('a,b,c', ',')", ["a", "b", "c"], JSONATA + "string-functions"),
    ("$join(['a', 'b'], '-')", "a-b", JSONATA + "string-functions"),
    ("$replace('aXb', 'X', '-')", "a-b", JSONATA + "string-functions"),
    ("$contains('abc', /b/)", True, JSONATA + "string-functions"),
    ("$match('a1b22', /[0-9]+/).match", ["1", "22"], JSONATA + "string-functions"),
    ("$trim('  a  b ')", "a b", JSONATA + "string-functions"),
    ("$pad('x', 3, '#')", "x##", JSONATA + "string-functions"),
    ("$length('日本語')", 3, JSONATA + "string-functions"),
    ("$base64encode('hello')", "aGVsbG8=", JSONATA + "string-functions"),
    ("$base64decode('aGVsbG8=')", "hello", JSONATA + "string-functions"),
    ("$string({'a': [1, null]})", '{"a":[1,null]}', JSONATA + "string-functions"),
    ("$number('5')", 5, JSONATA + "numeric-functions"),
    ("$round(2.567, 2)", 2.57, JSONATA + "numeric-functions"),
    ("$floor(1.9) + $ceil(1.1) + $abs(-1)", 4, JSONATA + "numeric-functions"),
    ("$power(2, 8)", 256, JSONATA + "numeric-functions"),
    ("$formatNumber(12345.6, '#,###.00')", "12,345.60", JSONATA + "numeric-functions"),
    ("$map([1, 2, 3], function($v) { $v * $v })", [1, 4, 9], JSONATA + "higher-order-functions"),
    ("$filter([1, 2, 3, 4], function($v) { $v % 2 = 0 })", [2, 4], JSONATA + "higher-order-functions"),
    ("$reduce([1, 2, 3], function($a, $b) { $a + $b })", 6, JSONATA + "higher-order-functions"),
    ("$sort([3, 1, 2])", [1, 2, 3], JSONATA + "array-functions"),
    ("$reverse([1, 2])", [2, 1], JSONATA + "array-functions"),
    ("$append([1], [2])", [1, 2], JSONATA + "array-functions"),
    ("$distinct([1, 1, 2])", [1, 2], JSONATA + "array-functions"),
    ("$zip([1, 2], [3, 4])", [[1, 3], [2, 4]], JSONATA + "array-functions"),
    ("$keys({'a': 1, 'b': 2})", ["a", "b"], JSONATA + "object-functions"),
    ("$merge([{'a': 1}, {'b': 2}])", {"a": 1, "b": 2}, JSONATA + "object-functions"),
    ("$lookup({'a': 1}, 'a')", 1, JSONATA + "object-functions"),
    ("$type(null) & $type([]) & $type(1)", "nullarraynumber", JSONATA + "object-functions"),
    ("$exists($states.input.absent)", False, JSONATA + "boolean-functions"),
    ("$not(true)", False, JSONATA + "boolean-functions"),
    ("$boolean([])", False, JSONATA + "boolean-functions"),
    ("$states.input.orders{product.name: quantity}", {"hat": 2, "cloak": 1}, JSONATA + "sorting-grouping"),
    ("$states.input.orders^(quantity).product.name", ["cloak", "hat"], JSONATA + "sorting-grouping"),
    ("$toMillis('2017-11-07T15:07:54.972Z')", 1510067274972, JSONATA + "date-time-functions"),
    ("$fromMillis(1510067557121)", "2017-11-07T15:12:37.121Z", JSONATA + "date-time-functions"),
    ("null", None, PAGE),
    ("{'a': [1, {'b': null}]}", {"a": [1, {"b": None}]}, PAGE),
    ("$partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]], FUNCTIONS),
    ("$range(0, 10, 5)", [0, 5, 10], FUNCTIONS),
    ("$range(1, 9, 9)", 1, FUNCTIONS),
    ("$hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7", FUNCTIONS),
    ("$uuid()", UUID, FUNCTIONS),
    ("$random()", Satisfying(lambda value: 0 <= value < 1), FUNCTIONS),
    ("$random(7) = $random(7)", True, FUNCTIONS),
    ("$parse('{\"a\":[1]}').a", [1], FUNCTIONS),
]

FAILING: list[tuple[str, str]] = [
    (
        "$states.input.absent",
        "The JSONata expression '$states.input.absent' specified for the field 'Output' returned nothing (undefined).",
    ),
    ("$absent", "returned nothing (undefined)."),
    ("$absent()", "threw an error during evaluation. T1006: Attempted to invoke a non-function"),
    ("$eval('1')", "threw an error during evaluation. T1006: Attempted to invoke a non-function"),
    ("1 + 'a'", "threw an error during evaluation. T2002"),
    ("$number('x')", "threw an error during evaluation. D3030"),
    ("function($x) { $x }", "returned an unsupported result type."),
    ("$hash(1, 'MD5')", "threw an error during evaluation. T0410"),
    ("$random('x')", "threw an error during evaluation. T0410"),
    ("$parse('{')", "threw an error during evaluation."),
    ("$partition([1], 0)", "threw an error during evaluation."),
    ("$range(0, 1001, 1)", "threw an error during evaluation."),
    ("$error('mine')", "threw an error during evaluation. D3137"),
    ("($f := function($n) { $n + $f($n + 1) }; $f(1))", "threw an error during evaluation. D1011"),
]

REFUSED: list[tuple[str, Definition]] = [
    ("a syntax error", jsonata(state("Pass", Output="{% ( %}"))),
    ("Parameters in a JSONata state", jsonata(state("Pass", Parameters={"a": 1}))),
    ("InputPath in a JSONata state", jsonata(state("Pass", InputPath="$.a"))),
    ("ResultPath in a JSONata state", jsonata(state("Pass", ResultPath="$.a"))),
    ("OutputPath in a JSONata state", jsonata(state("Pass", OutputPath="$.a"))),
    ("a JSONPath state in a JSONata machine", jsonata(state("Pass", QueryLanguage="JSONPath"))),
    (
        "Arguments in a JSONPath state",
        {
            "StartAt": "A",
            "States": {"A": state("Task", Resource="arn:aws:states:::lambda:invoke", Arguments="{% 1 %}")},
        },
    ),
    ("a QueryLanguage that does not exist", {"QueryLanguage": "XPath", "StartAt": "A", "States": {"A": state("Pass")}}),
]


def choosing(condition: Any) -> Definition:
    choice = {"Type": "Choice", "Choices": [{"Condition": condition, "Next": "Y"}], "Default": "N"}
    return jsonata(choice, Y=state("Pass", Output="yes"), N=state("Pass", Output="no"))


def task(arguments: Any, **fields: Any) -> Definition:
    return state("Task", Resource="arn:aws:states:::lambda:invoke", Arguments=arguments, **fields)


RETURNING = {"FunctionName": "${function}", "Payload": {"return": "{% $states.input.a %}"}}

NOT_A_NUMBER = "returned an unexpected result type. Expected 'number', but was 'string'"
NEGATIVE = "returned a negative number"
UNEXPECTED: list[tuple[Definition, str, str, str]] = [
    (state("Wait"), "Seconds", "{% 'a' %}", NOT_A_NUMBER),
    (state("Wait"), "Seconds", "{% -1 %}", NEGATIVE),
    (task(RETURNING), "TimeoutSeconds", "{% 'a' %}", NOT_A_NUMBER),
    (mapping(state("Pass"), Items=[1]), "MaxConcurrency", "{% 'a' %}", NOT_A_NUMBER),
    (mapping(state("Pass"), Items=[1]), "MaxConcurrency", "{% -1 %}", NEGATIVE),
    (state("Fail"), "Error", "{% 5 %}", "Expected 'string', but was 'number'"),
    (state("Fail"), "Cause", "{% [1] %}", "Expected 'string', but was 'array'"),
]

ROWS = [
    *(
        Row(f"evaluates {expression}", source, evaluated(expression), ORDERS, value)
        for expression, value, source in EVALUATED
    ),
    *(
        Row(f"fails: {expression}", PAGE, evaluated(expression), {}, error="States.QueryEvaluationError", cause=cause)
        for expression, cause in FAILING
    ),
    *(Row(f"is refused: {what}", PAGE, definition, refused=True) for what, definition in REFUSED),
    Row(
        "Output is a template",
        PAGE,
        jsonata(state("Pass", Output={"a": "{% $states.input.x %}", "l": [1, "{% 1 + 1 %}"], "n": -2, "t": "$x"})),
        {"x": 1},
        {"a": 1, "l": [1, 2], "n": -2, "t": "$x"},
    ),
    Row("no Output hands the input on", PAGE, jsonata(state("Pass")), {"a": 1}, {"a": 1}),
    Row("an Output that is no expression", PAGE, jsonata(state("Pass", Output="plain")), {}, "plain"),
    Row("spaces around the expression", PAGE, jsonata(state("Pass", Output="{%1%}")), {}, 1),
    Row(
        "an expression with quotes and line breaks",
        PAGE,
        jsonata(state("Pass", Output='{% "a\\"b" & \n \'c\' %}')),
        {},
        'a"bc',
    ),
    Row(
        "the field of a failing expression",
        PAGE,
        jsonata(state("Pass", Output={"a": {"b": "{% $absent %}"}})),
        {},
        error="States.QueryEvaluationError",
        cause="specified for the field 'Output/a/b' returned nothing",
    ),
    Row(
        "the field of a failing Assign",
        PAGE,
        jsonata(state("Pass", Assign={"a": "{% $absent %}"})),
        {},
        error="States.QueryEvaluationError",
        cause="specified for the field 'Assign/a' returned nothing",
    ),
    Row(
        "the field of failing Arguments",
        PAGE,
        jsonata(task({"FunctionName": "{% $absent %}"})),
        {},
        error="States.QueryEvaluationError",
        cause="specified for the field 'Arguments/FunctionName' returned nothing",
    ),
    Row(
        "a Task's Arguments and result",
        PAGE,
        jsonata(task(RETURNING, Output="{% $states.result.Payload %}")),
        {"a": [1]},
        [1],
    ),
    Row(
        "a Task without Output gives its result",
        PAGE,
        jsonata(task(RETURNING)),
        {"a": 1},
        Satisfying(lambda output: output["Payload"] == 1),
    ),
    Row(
        "Arguments as one expression",
        PAGE,
        jsonata(
            task(
                "{% {'FunctionName': '${function}', 'Payload': {'return': 3}} %}", Output="{% $states.result.Payload %}"
            )
        ),
        {},
        3,
    ),
    Row(
        "Output sees input and result",
        PAGE,
        jsonata(task(RETURNING, Output={"i": "{% $states.input.a %}", "r": "{% $states.result.Payload %}"})),
        {"a": 1},
        {"i": 1, "r": 1},
    ),
    Row(
        "$states.errorOutput in a Catcher",
        PAGE,
        jsonata(
            {**parallel(state("Fail", Error="E", Cause="C")), "Catch": caught("E", Output="{% $states.errorOutput %}")},
            Caught=state("Pass"),
        ),
        {},
        {"Error": "E", "Cause": "C"},
    ),
    Row(
        "Assign in a Catcher",
        PAGE,
        jsonata(
            {
                **parallel(state("Fail", Error="E", Cause="C")),
                "Catch": caught("E", Assign={"e": "{% $states.errorOutput.Error %}"}),
            },
            Caught=state("Pass", Output="{% $e %}"),
        ),
        {},
        "E",
    ),
    Row(
        "an error in Arguments is caught",
        PAGE,
        jsonata(
            task({"FunctionName": "{% $absent %}"}, Catch=caught("States.QueryEvaluationError")),
            Caught=state("Pass", Output="caught"),
        ),
        {},
        "caught",
    ),
    Row("a Condition", GUIDE + "state-choice.html", choosing("{% $states.input.v > 1 %}"), {"v": 2}, "yes"),
    Row(
        "a Condition that is false", GUIDE + "state-choice.html", choosing("{% $states.input.v > 1 %}"), {"v": 1}, "no"
    ),
    Row("a Condition that is a constant", GUIDE + "state-choice.html", choosing(True), {}, "yes"),
    Row(
        "a Condition that is no boolean",
        GUIDE + "state-choice.html",
        choosing("{% 'text' %}"),
        {},
        error="States.QueryEvaluationError",
        cause="'Choices[0]/Condition' returned an unexpected result type. Expected 'boolean', but was 'string'",
    ),
    Row(
        "Output of a Choice rule",
        GUIDE + "state-choice.html",
        jsonata(
            {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Output": {"x": 1}, "Next": "Y"}]},
            Y=state("Pass"),
        ),
        {},
        {"x": 1},
    ),
    Row(
        "a Fail with expressions",
        GUIDE + "state-fail.html",
        jsonata(state("Fail", Error="{% 'E' & $states.input.n %}", Cause="{% 'C' %}")),
        {"n": 1},
        error="E1",
        cause="C",
    ),
    Row(
        "a Succeed with Output",
        GUIDE + "state-succeed.html",
        jsonata(state("Succeed", Output="{% $states.input.a %}")),
        {"a": 1},
        1,
    ),
    Row(
        "Arguments of a Parallel",
        PAGE,
        jsonata({**parallel(state("Pass")), "Arguments": {"x": "{% $states.input.a %}"}}),
        {"a": 1},
        [{"x": 1}],
    ),
    *(
        Row(
            f"{field} that is {wrong}",
            PAGE + "#jsonata-error-handling",
            jsonata({**start, field: wrong}),
            [1],
            error="States.QueryEvaluationError",
            cause=cause,
        )
        for start, field, wrong, cause in UNEXPECTED
    ),
]
