"""The context object."""

from typing import Any

from tests.integration.states_language.row import (
    GUIDE,
    TIMESTAMP,
    Matching,
    Row,
    computed,
    evaluated,
    invoking,
    machine,
    parallel,
    state,
)

PAGE = GUIDE + "input-output-contextobject.html"
ARN = Matching("arn:aws:states:us-east-1:000000000000:execution:.*")
VALUES: list[tuple[str, Any]] = [
    ("Execution.Id", ARN),
    ("Execution.Input", {"a": 1}),
    ("Execution.Input.a", 1),
    ("Execution.Name", Matching(".+")),
    ("Execution.RoleArn", Matching("arn:aws:iam::.*")),
    ("Execution.StartTime", TIMESTAMP),
    ("State.Name", "A"),
    ("State.EnteredTime", TIMESTAMP),
    ("StateMachine.Id", Matching("arn:aws:states:us-east-1:000000000000:stateMachine:.*")),
    ("StateMachine.Name", "${name}"),
]

ROWS = [
    *(Row(f"$$.{path}", PAGE, computed(f"$$.{path}"), {"a": 1}, {"r": value}) for path, value in VALUES),
    *(
        Row(f"$states.context.{path}", PAGE, evaluated(f"$states.context.{path}"), {"a": 1}, value)
        for path, value in VALUES
    ),
    Row(
        "a field that does not exist",
        PAGE,
        computed("$$.Absent"),
        {},
        error="States.Runtime",
        cause="The JSONPath '$$.Absent' specified for the field 'r.$'",
    ),
    Row("Map outside of a Map", PAGE, computed("$$.Map.Item.Index"), {}, error="States.Runtime"),
    Row("the retry count of a Task", PAGE, machine(invoking({"return": {"n.$": "$$.State.RetryCount"}})), {}, {"n": 0}),
    Row(
        "the execution's input in a later state",
        PAGE,
        machine(state("Pass", Result=1, Next="B"), B=state("Pass", Parameters={"i.$": "$$.Execution.Input"})),
        {"a": 1},
        {"i": {"a": 1}},
    ),
    Row(
        "the execution inside a branch",
        PAGE,
        machine(parallel(state("Pass", Parameters={"x.$": "$$.Execution.Input.a", "s.$": "$$.State.Name"}))),
        {"a": 1},
        [{"x": 1, "s": "Inner1"}],
    ),
]
