"""Choice states: every operator, on values of each kind."""

from itertools import starmap
from typing import Any

from tests.integration.states_language.row import GUIDE, SPEC, Row, choosing, machine, outer, state

PAGE = GUIDE + "state-choice.html"
EARLY, LATE = "2016-03-14T01:59:00Z", "2016-08-18T17:33:00Z"

# operator, variable, operand, whether it matches
COMPARED: list[tuple[str, Any, Any, bool]] = [
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", "", "", True),
    ("StringEquals", "é", "é", True),
    ("StringEquals", 1, "1", False),
    ("StringEquals", None, "null", False),
    ("StringLessThan", "a", "b", True),
    ("StringLessThan", "b", "a", False),
    ("StringLessThan", "A", "a", True),
    ("StringLessThan", 1, "b", False),
    ("StringLessThanEquals", "a", "a", True),
    ("StringLessThanEquals", "b", "a", False),
    ("StringGreaterThan", "b", "a", True),
    ("StringGreaterThan", "a", "a", False),
    ("StringGreaterThanEquals", "a", "a", True),
    ("StringGreaterThanEquals", "a", "b", False),
    ("NumericEquals", 1, 1, True),
    ("NumericEquals", 1.0, 1, True),
    ("NumericEquals", -1, -1, True),
    ("NumericEquals", 2, 1, False),
    ("NumericEquals", "1", 1, False),
    ("NumericEquals", True, 1, False),
    ("NumericEquals", 1e3, 1000, True),
    ("NumericLessThan", 1, 2, True),
    ("NumericLessThan", 2, 2, False),
    ("NumericLessThan", "1", 2, False),
    ("NumericLessThan", None, 2, False),
    ("NumericLessThanEquals", 2, 2, True),
    ("NumericLessThanEquals", 2.1, 2, False),
    ("NumericGreaterThan", 2, 1, True),
    ("NumericGreaterThan", 1, 1, False),
    ("NumericGreaterThanEquals", 1, 1, True),
    ("NumericGreaterThanEquals", 0.5, 1, False),
    ("BooleanEquals", True, True, True),
    ("BooleanEquals", False, False, True),
    ("BooleanEquals", True, False, False),
    ("BooleanEquals", "true", True, False),
    ("BooleanEquals", 1, True, False),
    ("TimestampEquals", EARLY, EARLY, True),
    ("TimestampEquals", EARLY, LATE, False),
    ("TimestampEquals", "2016-03-14T02:59:00+01:00", EARLY, True),
    ("TimestampEquals", "2016-03-14T01:59:00.000Z", EARLY, True),
    ("TimestampEquals", "not a time", EARLY, False),
    ("TimestampEquals", 1457920740, EARLY, False),
    ("TimestampLessThan", EARLY, LATE, True),
    ("TimestampLessThan", LATE, EARLY, False),
    ("TimestampLessThan", EARLY, "2016-03-14T01:59:00.500Z", True),
    ("TimestampLessThanEquals", EARLY, EARLY, True),
    ("TimestampLessThanEquals", LATE, EARLY, False),
    ("TimestampGreaterThan", LATE, EARLY, True),
    ("TimestampGreaterThan", EARLY, EARLY, False),
    ("TimestampGreaterThanEquals", EARLY, EARLY, True),
    ("TimestampGreaterThanEquals", EARLY, LATE, False),
]

MATCHED: list[tuple[Any, str, bool]] = [
    ("log-1.txt", "log-*.txt", True),
    ("log-.txt", "log-*.txt", True),
    ("x-log-1.txt", "log-*.txt", False),
    ("foo23.log", "foo*.log", True),
    ("zebra.log", "*.log", True),
    ("foobar.zebra", "foo*.*", True),
    ("anything at all", "*", True),
    ("two\nlines", "two*", True),
    ("a.b", "a?b", False),
    ("ab", "a[b]", False),
    ("a[b]", "a[b]", True),
    ("a*b", r"a\*b", True),
    ("axb", r"a\*b", False),
    ("a\\b", r"a\\b", True),
    ("A", "a", False),
    (5, "5", False),
]

# test, variable, whether it holds
TESTED: list[tuple[str, Any, bool]] = [
    ("IsNull", None, True),
    ("IsNull", 0, False),
    ("IsNull", "", False),
    ("IsString", "", True),
    ("IsString", 1, False),
    ("IsString", None, False),
    ("IsNumeric", 1, True),
    ("IsNumeric", -1.5, True),
    ("IsNumeric", "1", False),
    ("IsNumeric", True, False),
    ("IsBoolean", False, True),
    ("IsBoolean", 0, False),
    ("IsBoolean", "true", False),
    ("IsTimestamp", EARLY, True),
    ("IsTimestamp", "2001-01-01T12:00:00.123Z", True),
    ("IsTimestamp", "2001-01-01T12:00:00+02:00", True),
    ("IsTimestamp", "2001-01-01", False),
    ("IsTimestamp", "2001-13-01T12:00:00Z", False),
    ("IsTimestamp", "2001-01-01T12:00:00", False),
    ("IsTimestamp", 1, False),
    ("IsPresent", None, True),
    ("IsPresent", "x", True),
]

V = "$.v"
MISSING_OPERATORS: list[tuple[str, Any]] = [
    ("StringEquals", "a"),
    ("StringMatches", "*"),
    ("NumericLessThan", 1),
    ("BooleanEquals", True),
    ("TimestampEquals", EARLY),
    ("IsNull", True),
    ("IsString", False),
    ("IsNumeric", True),
    ("IsTimestamp", True),
    ("NumericEqualsPath", "$.w"),
]


def outcome(matches: bool) -> str:
    return "yes" if matches else "no"


def compared(operator: str, variable: Any, operand: Any, matches: bool) -> Row:
    rule = {"Variable": V, operator: operand}
    return Row(f"{variable!r} {operator} {operand!r}", PAGE, choosing(rule), {"v": variable}, outcome(matches))


def compared_with_path(operator: str, variable: Any, operand: Any, matches: bool) -> Row:
    rule = {"Variable": V, f"{operator}Path": "$.w"}
    return Row(
        f"{variable!r} {operator}Path {operand!r}",
        PAGE,
        choosing(rule),
        {"v": variable, "w": operand},
        outcome(matches),
    )


def missing(operator: str, operand: Any) -> Row:
    return Row(
        f"{operator} on a path that is not there",
        PAGE + " (its note on IsPresent)",
        choosing({"Variable": V, operator: operand}),
        {"w": 1},
        error="States.Runtime",
        cause="Invalid path '$.v': The choice state's condition path references an invalid value.",
    )


def tested(test: str, variable: Any, holds: bool) -> list[Row]:
    return [
        Row(
            f"{test} {expected} of {variable!r}",
            PAGE,
            choosing({"Variable": V, test: expected}),
            {"v": variable},
            outcome(holds is expected),
        )
        for expected in (True, False)
    ]


def rule(operator: str, operand: Any, variable: str = V) -> dict[str, Any]:
    return {"Variable": variable, operator: operand}


BIG, SMALL = rule("NumericGreaterThan", 10), rule("NumericLessThan", 0)
NO_CHOICE = machine(state("Choice", Choices=[{**BIG, "Next": "B"}]), B=state("Pass"))
FIRST_OF_TWO = state(
    "Choice",
    Choices=[{**rule("NumericEquals", 1), "Next": "B"}, {**rule("NumericEquals", 1), "Next": "C"}],
    Default="C",
)

ROWS = [
    *starmap(compared, COMPARED),
    *(
        compared_with_path(*case)
        for case in COMPARED
        if case[0] in ("StringEquals", "NumericEquals", "BooleanEquals", "TimestampEquals") or case[3]
    ),
    *(
        Row(
            f"{text!r} StringMatches {pattern}",
            PAGE,
            choosing(rule("StringMatches", pattern)),
            {"v": text},
            outcome(matches),
        )
        for text, pattern, matches in MATCHED
    ),
    *(row for case in TESTED for row in tested(*case)),
    *starmap(missing, MISSING_OPERATORS),
    Row("IsPresent true of a path that is not there", PAGE, choosing(rule("IsPresent", True)), {}, "no"),
    Row("IsPresent false of a path that is not there", PAGE, choosing(rule("IsPresent", False)), {}, "yes"),
    Row("IsPresent below what is not there", PAGE, choosing(rule("IsPresent", True, "$.a.b.c")), {}, "no"),
    Row("IsPresent false of what is there", PAGE, choosing(rule("IsPresent", False)), {"v": None}, "no"),
    Row(
        "IsPresent before the use, in And",
        PAGE,
        choosing({"And": [rule("IsPresent", True), rule("NumericEquals", 1)]}),
        {},
        "no",
    ),
    Row(
        "an operand's path that is not there",
        PAGE,
        choosing(rule("NumericEqualsPath", "$.w")),
        {"v": 1},
        error="States.Runtime",
        cause="Invalid path '$.w'",
    ),
    Row(
        "And of two that match",
        PAGE,
        choosing({"And": [rule("NumericGreaterThanEquals", 20), rule("NumericLessThan", 30)]}),
        {"v": 22},
        "yes",
    ),
    Row(
        "And of one that does not match",
        PAGE,
        choosing({"And": [rule("NumericGreaterThanEquals", 20), rule("NumericLessThan", 30)]}),
        {"v": 31},
        "no",
    ),
    Row("Or of one that matches", PAGE, choosing({"Or": [BIG, SMALL]}), {"v": -1}, "yes"),
    Row("Or of none that matches", PAGE, choosing({"Or": [BIG, SMALL]}), {"v": 5}, "no"),
    Row("Not", PAGE, choosing({"Not": rule("StringEquals", "Private")}), {"v": "Public"}, "yes"),
    Row("Not of one that matches", PAGE, choosing({"Not": rule("StringEquals", "Private")}), {"v": "Private"}, "no"),
    Row(
        "And, Or and Not within each other",
        PAGE,
        choosing({"And": [{"Not": SMALL}, {"Or": [BIG, rule("NumericEquals", 5)]}]}),
        {"v": 5},
        "yes",
    ),
    Row(
        "the first rule that matches wins",
        SPEC + "choice-state",
        machine(FIRST_OF_TWO, B=state("Pass", Result="b"), C=state("Pass", Result="c")),
        {"v": 1},
        "b",
    ),
    Row(
        "the input is handed on",
        PAGE,
        machine(state("Choice", Choices=[{**BIG, "Next": "B"}], Default="B"), B=state("Pass")),
        {"v": 11},
        {"v": 11},
    ),
    Row(
        "InputPath and OutputPath of a Choice",
        PAGE,
        machine(
            state("Choice", InputPath="$.a", OutputPath="$.v", Choices=[{**BIG, "Next": "B"}], Default="B"),
            B=state("Pass"),
        ),
        {"a": {"v": 11}},
        11,
    ),
    Row(
        "a Variable of the context object",
        GUIDE + "input-output-contextobject.html",
        choosing(rule("StringEquals", "A", "$$.State.Name")),
        {},
        "yes",
    ),
    Row(
        "an operand of the context object",
        GUIDE + "input-output-contextobject.html",
        choosing(rule("StringEqualsPath", "$$.State.Name")),
        {"v": "A"},
        "yes",
    ),
    Row(
        "a Variable in brackets, not ASCII", PAGE, choosing(rule("NumericEquals", 1, "$['größe']")), {"größe": 1}, "yes"
    ),
    Row(
        "a Variable of an array's element",
        PAGE,
        choosing(rule("NumericEquals", 1, "$.a[1].b")),
        {"a": [0, {"b": 1}]},
        "yes",
    ),
    Row("a literal that begins with a dollar", PAGE, choosing(rule("StringEquals", "$x")), {"v": "$x"}, "yes"),
    Row(
        "no rule matches and there is no Default",
        GUIDE + "concepts-error-handling.html",
        NO_CHOICE,
        {"v": 1},
        error="States.NoChoiceMatched",
    ),
    Row(
        "States.NoChoiceMatched is caught by name",
        GUIDE + "concepts-error-handling.html",
        outer(
            state("Parallel", Branches=[NO_CHOICE], Catch=[{"ErrorEquals": ["States.NoChoiceMatched"], "Next": "C"}]),
            C=state("Pass", Result="caught"),
        ),
        {"v": 1},
        "caught",
    ),
    Row(
        "a path that is not there is caught by nothing",
        GUIDE + "concepts-error-handling.html",
        outer(
            state("Parallel", Branches=[choosing(BIG)], Catch=[{"ErrorEquals": ["States.ALL"], "Next": "C"}]),
            C=state("Pass", Result="caught"),
        ),
        {},
        error="States.Runtime",
    ),
    Row(
        "a Choice with End",
        PAGE,
        machine(state("Choice", Choices=[{**BIG, "Next": "B"}], End=True), B=state("Pass")),
        refused=True,
    ),
    Row(
        "a Choice with Next",
        PAGE,
        machine(state("Choice", Choices=[{**BIG, "Next": "B"}], Next="B"), B=state("Pass")),
        refused=True,
    ),
]
