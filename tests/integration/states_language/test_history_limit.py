"""The limit of an execution's history, which no Retrier or Catcher escapes."""

from typing import Any

import pytest
from tests.integration.states_language.row import Definition, invoking, machine, outer, state
from tests.integration.states_language.test_executions import Machines, error_of
from tests.integration.states_language.test_executions import machines as machines

MOST_EVENTS = 25_000
CAUSE = "The execution reached the maximum number of history events (25000)."
ALL: Definition = {"ErrorEquals": ["States.ALL"], "Next": "Caught"}
AGAIN: Definition = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 99}


def counting(rounds: int) -> Definition:
    """Return a machine of 4 * rounds + 4 events: each round of the loop and the last state have two states' events."""
    add = state("Pass", Parameters={"n.$": "States.MathAdd($.n, 1)"}, Next="Choice")
    choice = state("Choice", Choices=[{"Variable": "$.n", "NumericLessThan": rounds, "Next": "A"}], Default="Last")
    return machine(add, Choice=choice, Last=state("Pass"))


def endless(name: str) -> Definition:
    """Return a loop whose states have this name and others that begin with it."""
    choice = state("Choice", Choices=[{"Variable": "$", "IsPresent": True, "Next": name}], Default=f"{name}End")
    return {
        "StartAt": name,
        "States": {name: state("Pass", Next=f"{name}2"), f"{name}2": choice, f"{name}End": state("Succeed")},
    }


def last_events(machines: Machines, execution: str) -> list[dict[str, Any]]:
    answer = machines.states.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=2)
    return list(answer["events"])


def assert_is_full(machines: Machines, execution: str) -> None:
    described = machines.ended(execution)
    assert (described["status"], described["error"], described["cause"]) == ("FAILED", "States.Runtime", CAUSE)
    last, before = last_events(machines, execution)
    assert (last["id"], last["type"], before["id"]) == (MOST_EVENTS, "ExecutionFailed", MOST_EVENTS - 1)
    assert last["executionFailedEventDetails"] == {"error": "States.Runtime", "cause": CAUSE}


@pytest.mark.parametrize("run", ["first", "second"])
def test_a_loop_that_ends_with_the_last_event_succeeds_and_one_that_goes_on_fails(machines: Machines, run: str) -> None:
    rounds = (MOST_EVENTS - 4) // 4
    for more in (0, 1):
        arn = machines.create(counting(rounds + more))
        for _ in ("first", "second") if run == "second" else ("first",):  # the second runs on the event loop
            execution = machines.states.start_execution(stateMachineArn=arn, input='{"n": 0}')["executionArn"]
            machines.ended(execution)
        if more:
            assert_is_full(machines, execution)
        else:
            assert machines.ended(execution)["status"] == "SUCCEEDED"
            assert last_events(machines, execution)[0]["id"] == MOST_EVENTS


def test_an_execution_whose_history_is_full_cannot_be_redriven(machines: Machines) -> None:
    execution = machines.start(endless("A"))
    described = machines.ended(execution)
    assert described["redriveStatusReason"] == "Execution history event limit exceeded"
    assert error_of(machines.states.redrive_execution, executionArn=execution) == "ExecutionNotRedrivable"


WAITING = {"StartAt": "Wait", "States": {"Wait": state("Wait", Seconds=600)}}


@pytest.mark.parametrize(
    "work",
    [
        state("Parallel", Branches=[endless("B"), endless("C"), WAITING]),
        state("Map", ItemProcessor=endless("B")),
        state("Map", MaxConcurrency=1, ItemProcessor=endless("B")),
    ],
    ids=["parallel", "map", "map one by one"],
)
def test_branches_end_with_their_execution(machines: Machines, work: Definition) -> None:
    definition = outer({**work, "Retry": [AGAIN], "Catch": [ALL]}, Caught=state("Pass"))
    assert_is_full(machines, machines.start(definition, input="[1, 2, 3]"))


def test_a_function_is_not_invoked_when_the_history_is_full(machines: Machines) -> None:
    """The loop leaves room for TaskStateEntered and TaskScheduled."""
    rounds = (MOST_EVENTS - 4) // 4
    definition = counting(rounds)
    definition["States"]["Last"] = {**invoking({"sleep": 600}), "Catch": [ALL]}
    definition["States"]["Caught"] = state("Pass")
    assert_is_full(machines, machines.start(definition, input='{"n": 0}'))


def test_an_express_workflow_has_no_limit(machines: Machines) -> None:
    arn = machines.create(counting(MOST_EVENTS // 4 + 10), "EXPRESS")
    ended = machines.states.start_sync_execution(stateMachineArn=arn, input='{"n": 0}')
    assert ended["status"] == "SUCCEEDED"
