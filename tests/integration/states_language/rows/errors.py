"""Error names, Retry and Catch."""

from typing import Any

from tests.integration.states_language.row import (
    CAUGHT,
    GUIDE,
    SPEC,
    Definition,
    Row,
    caught,
    failing,
    invoking,
    jsonata,
    machine,
    mapping,
    outer,
    parallel,
    state,
)

PAGE = GUIDE + "concepts-error-handling.html"
RETRY = PAGE + "#error-handling-retrying-after-an-error"
CATCH = PAGE + "#error-handling-fallback-states"
BOOM = state("Fail", Error="Boom", Cause="it broke")
LARGE = 270_000


def catching(error: str, payload: Any, **fields: Any) -> Definition:
    return machine(invoking(payload, Catch=caught(error), **fields), Caught=CAUGHT)


def retrying(until: int, *retriers: Definition, **fields: Any) -> Definition:
    """Return a Task that fails until it has been tried again so often; its output is the number of that attempt."""
    payload = {"raise_until": until, "attempt.$": "$$.State.RetryCount", **fields}
    return machine(invoking(payload, Retry=list(retriers)))


def retrier(error: str = "Custom", **fields: Any) -> Definition:
    return {"ErrorEquals": [error], "IntervalSeconds": 1, "BackoffRate": 1.0, **fields}


def fails_with(error: str | None, definition: Definition, cause: str | None = None, given: Any = None) -> Row:
    return Row(
        f"fails with {error}: {str(definition['States']['A'])[:70]}", PAGE, definition, given, error=error, cause=cause
    )


ROWS = [
    # names
    fails_with("Custom", machine(invoking(failing()))),
    fails_with("Custom", machine(invoking(failing("Custom", message="because"))), "because"),
    Row("a Fail state", GUIDE + "state-fail.html", machine(BOOM), error="Boom", cause="it broke"),
    Row(
        "a Task that takes too long is States.Timeout",
        PAGE,
        machine(invoking({"sleep": 10}, TimeoutSeconds=1)),
        error="States.Timeout",
    ),
    Row(
        "a machine that takes too long times out",
        SPEC + "toplevelfields",
        {**machine(state("Wait", Seconds=20)), "TimeoutSeconds": 1},
        error="TIMED_OUT",
    ),
    Row(
        "a function that does not exist",
        PAGE,
        machine(
            state("Task", Resource="arn:aws:states:::lambda:invoke", Parameters={"FunctionName": "no-such-function"})
        ),
        error="Lambda.ResourceNotFoundException",
    ),
    Row(
        "a result of more than 262,144 bytes",
        GUIDE + "service-quotas.html",
        machine(invoking({"characters": LARGE})),
        error="States.DataLimitExceeded",
    ),
    # Catch
    Row("Catch of the name", CATCH, catching("Custom", failing()), {}, "caught"),
    Row("Catch of another name", CATCH, catching("Other", failing()), {}, error="Custom"),
    Row("Catch of States.ALL", CATCH, catching("States.ALL", failing()), {}, "caught"),
    Row("Catch of States.TaskFailed", PAGE, catching("States.TaskFailed", failing()), {}, "caught"),
    Row("Catch of States.Timeout", PAGE, catching("States.Timeout", {"sleep": 10}, TimeoutSeconds=1), {}, "caught"),
    Row(
        "States.ALL catches States.Timeout", PAGE, catching("States.ALL", {"sleep": 10}, TimeoutSeconds=1), {}, "caught"
    ),
    Row(
        "States.TaskFailed does not catch States.Timeout",
        PAGE,
        catching("States.TaskFailed", {"sleep": 10}, TimeoutSeconds=1),
        {},
        error="States.Timeout",
    ),
    Row(
        "States.ALL does not catch States.DataLimitExceeded",
        PAGE,
        catching("States.ALL", {"characters": LARGE}),
        {},
        error="States.DataLimitExceeded",
    ),
    Row(
        "States.TaskFailed does not catch States.DataLimitExceeded",
        PAGE,
        catching("States.TaskFailed", {"characters": LARGE}),
        {},
        error="States.DataLimitExceeded",
    ),
    Row(
        "Catch of States.DataLimitExceeded by name",
        PAGE,
        catching("States.DataLimitExceeded", {"characters": LARGE}),
        {},
        "caught",
    ),
    Row(
        "States.ALL does not catch States.Runtime",
        PAGE,
        catching("States.ALL", {"x.$": "$.absent"}),
        {},
        error="States.Runtime",
    ),
    Row(
        "States.TaskFailed does not catch States.Runtime",
        PAGE,
        catching("States.TaskFailed", {"x.$": "$.absent"}),
        {},
        error="States.Runtime",
    ),
    Row(
        "States.Runtime is caught by no name",
        PAGE,
        catching("States.Runtime", {"x.$": "$.absent"}),
        {},
        error="States.Runtime",
    ),
    Row(
        "a path missing in ResultSelector is not caught",
        PAGE,
        catching("States.ALL", {}, ResultSelector={"x.$": "$.absent"}),
        {},
        error="States.Runtime",
    ),
    Row(
        "Catch in a list of names",
        CATCH,
        machine(invoking(failing(), Catch=[{"ErrorEquals": ["Other", "Custom"], "Next": "Caught"}]), Caught=CAUGHT),
        {},
        "caught",
    ),
    Row(
        "the first Catcher that matches wins",
        CATCH,
        machine(
            invoking(failing(), Catch=[*caught("Custom"), {"ErrorEquals": ["States.ALL"], "Next": "B"}]),
            Caught=CAUGHT,
            B=state("Pass", Result="b"),
        ),
        {},
        "caught",
    ),
    Row(
        "the error is the next input",
        CATCH,
        machine(parallel(BOOM, Catch=[{"ErrorEquals": ["Boom"], "Next": "B"}]), B=state("Pass")),
        {"a": 1},
        {"Error": "Boom", "Cause": "it broke"},
    ),
    Row(
        "the error at a ResultPath",
        CATCH,
        machine(parallel(BOOM, Catch=[{"ErrorEquals": ["Boom"], "ResultPath": "$.e", "Next": "B"}]), B=state("Pass")),
        {"a": 1},
        {"a": 1, "e": {"Error": "Boom", "Cause": "it broke"}},
    ),
    Row(
        "the error discarded",
        CATCH,
        machine(parallel(BOOM, Catch=[{"ErrorEquals": ["Boom"], "ResultPath": None, "Next": "B"}]), B=state("Pass")),
        {"a": 1},
        {"a": 1},
    ),
    Row(
        "Catch of a branch's error",
        CATCH,
        machine(parallel(BOOM, state("Wait", Seconds=30), Catch=caught("Boom")), Caught=CAUGHT),
        {},
        "caught",
    ),
    Row(
        "Catch of an iteration's error",
        CATCH,
        machine(mapping(BOOM, Catch=caught("Boom")), Caught=CAUGHT),
        [1, 2],
        "caught",
    ),
    Row(
        "Catch of States.TaskFailed on a Parallel",
        PAGE,
        machine(parallel(BOOM, Catch=caught("States.TaskFailed")), Caught=CAUGHT),
        {},
        "caught",
    ),
    Row(
        "Catch inside a branch",
        CATCH,
        outer(state("Parallel", Branches=[machine(invoking(failing(), Catch=caught("Custom")), Caught=CAUGHT)])),
        {},
        ["caught"],
    ),
    Row(
        "States.Runtime inside a Map passes its Catch",
        PAGE,
        machine(mapping(state("Pass", Parameters={"x.$": "$.absent"}), Catch=caught("States.ALL")), Caught=CAUGHT),
        [{}],
        error="States.Runtime",
    ),
    Row(
        "a Fail that names States.Timeout is caught as that",
        GUIDE + "state-fail.html",
        machine(parallel(state("Fail", Error="States.Timeout"), Catch=caught("States.Timeout")), Caught=CAUGHT),
        {},
        "caught",
    ),
    Row(
        "States.QueryEvaluationError is caught",
        GUIDE + "transforming-data.html",
        jsonata(
            {**parallel(state("Pass", Output="{% $absent %}")), "Catch": caught("States.QueryEvaluationError")},
            Caught=state("Pass", Output="caught"),
        ),
        {},
        "caught",
    ),
    # Retry
    Row("Retry until it succeeds", RETRY, retrying(2, retrier()), {}, 2),
    Row("Retry of States.ALL", RETRY, retrying(1, retrier("States.ALL")), {}, 1),
    Row("Retry of States.TaskFailed", RETRY, retrying(1, retrier("States.TaskFailed")), {}, 1),
    Row("Retry of another name", RETRY, retrying(1, retrier("Other")), {}, error="Custom"),
    Row("MaxAttempts 1 is one more", RETRY, retrying(2, retrier(MaxAttempts=1)), {}, error="Custom"),
    Row("MaxAttempts 0 is none", RETRY, retrying(1, retrier(MaxAttempts=0)), {}, error="Custom"),
    Row("MaxAttempts is three if not said", RETRY, retrying(3, retrier()), {}, 3),
    Row("no fourth attempt if not said", RETRY, retrying(4, retrier()), {}, error="Custom"),
    Row(
        "each Retrier counts for itself", RETRY, retrying(2, retrier("Other"), retrier("Custom", MaxAttempts=2)), {}, 2
    ),
    Row(
        "Retry, then Catch",
        PAGE,
        machine(invoking(failing(), Retry=[retrier(MaxAttempts=1)], Catch=caught("Custom")), Caught=CAUGHT),
        {},
        "caught",
    ),
    Row(
        "Retry of a Parallel",
        RETRY,
        machine(parallel(BOOM, Retry=[retrier("Boom", MaxAttempts=1)], Catch=caught("Boom")), Caught=CAUGHT),
        {},
        "caught",
    ),
    Row(
        "Retry of a Map",
        RETRY,
        machine(mapping(BOOM, Retry=[retrier("Boom", MaxAttempts=1)], Catch=caught("Boom")), Caught=CAUGHT),
        [1],
        "caught",
    ),
    Row(
        "Retry does not take States.Runtime",
        PAGE,
        machine(invoking({"x.$": "$.absent"}, Retry=[retrier("States.ALL", IntervalSeconds=60)])),
        {},
        error="States.Runtime",
    ),
    Row(
        "Retry does not take States.DataLimitExceeded by States.ALL",
        PAGE,
        machine(invoking({"characters": LARGE}, Retry=[retrier("States.ALL", IntervalSeconds=60)])),
        {},
        error="States.DataLimitExceeded",
    ),
    Row(
        "MaxDelaySeconds bounds the interval", RETRY, retrying(2, retrier(BackoffRate=100.0, MaxDelaySeconds=1)), {}, 2
    ),
    Row("JitterStrategy FULL", RETRY, retrying(1, retrier(JitterStrategy="FULL")), {}, 1),
    Row("JitterStrategy NONE", RETRY, retrying(1, retrier(JitterStrategy="NONE")), {}, 1),
    Row("a JitterStrategy that does not exist", RETRY, retrying(1, retrier(JitterStrategy="SOME")), refused=True),
    Row("IntervalSeconds 0", RETRY, retrying(1, retrier(IntervalSeconds=0)), refused=True),
    Row("BackoffRate below 1", RETRY, retrying(1, retrier(BackoffRate=0.5)), refused=True),
    Row(
        "States.ALL beside another name",
        PAGE,
        machine(invoking({}, Retry=[{"ErrorEquals": ["States.ALL", "Custom"]}])),
        refused=True,
    ),
    Row("a Retrier without ErrorEquals", RETRY, machine(invoking({}, Retry=[{"MaxAttempts": 1}])), refused=True),
    Row("a Catcher without Next", CATCH, machine(invoking({}, Catch=[{"ErrorEquals": ["States.ALL"]}])), refused=True),
]
