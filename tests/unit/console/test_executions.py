"""State machines and executions: the path, its times and texts, and the graph."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, definition, error, history, machine_answers

from console.aws.history.visits import visits
from console.views.state_machines.functions import functions_in

FUNCTIONS = "arn:aws:lambda:eu-central-1:123456789012:function"


def test_the_visits_have_times_texts_attempts_and_the_path() -> None:
    read = visits(history())
    assert [visit.state for visit in read.visits] == ["Read", "Choose", "Near"]
    assert read.visits[0].attempts == 2
    assert read.visits[0].seconds == 0.04
    assert read.visits[0].output == '{"near": true}'
    assert read.taken == {("Read", "Choose"), ("Choose", "Near")}


def test_a_caught_error_and_a_failed_state_are_told_apart() -> None:
    events = history()[:4]
    exited = {"name": "Read", "output": "{}"}
    events.append({**events[-1], "id": 5, "previousEventId": 4, "type": "TaskStateExited"})
    events[-1] = {key: value for key, value in events[-1].items() if key != "taskFailedEventDetails"}
    events[-1]["stateExitedEventDetails"] = exited
    entered = {"name": "Failed", "input": "{}"}
    events.append({**events[0], "id": 6, "previousEventId": 5, "type": "FailStateEntered"})
    events[-1]["stateEnteredEventDetails"] = entered
    read = visits(events)
    assert [visit.status("FAILED") for visit in read.visits] == ["CAUGHT", "FAILED"]
    assert (read.visits[0].error, read.visits[0].cause) == ("Busy", "later")


def test_the_exit_of_a_parallel_state_is_its_own_and_not_that_of_the_last_state_inside() -> None:
    def event(number: int, before: int, kind: str, **members: Any) -> dict[str, Any]:
        at = NOW + timedelta(seconds=number)
        return {"id": number, "previousEventId": before, "type": kind, "timestamp": at, **members}

    def entered(name: str) -> dict[str, Any]:
        return {"stateEnteredEventDetails": {"name": name, "input": "{}"}}

    def exited(name: str, output: str) -> dict[str, Any]:
        return {"stateExitedEventDetails": {"name": name, "output": output}}

    read = visits(
        [
            event(1, 0, "ParallelStateEntered", **entered("Both")),
            event(2, 1, "ParallelStateStarted"),
            event(3, 2, "PassStateEntered", **entered("Inside")),
            event(4, 3, "PassStateExited", **exited("Inside", "1")),
            event(5, 4, "ParallelStateSucceeded"),
            event(6, 4, "ParallelStateExited", **exited("Both", "[1]")),
            event(7, 6, "PassStateEntered", **entered("After")),
        ]
    )
    assert [(visit.state, visit.seconds, visit.output) for visit in read.visits] == [
        ("Both", 5.0, "[1]"),
        ("Inside", 1.0, "1"),
        ("After", None, ""),
    ]
    assert ("Both", "After") in read.taken


@pytest.mark.parametrize("key", ["gone.png", "train.lst"])
def test_an_execution_about_no_image_shows_none(open_console: Open, key: str) -> None:
    answers = machine_answers()
    described = answers["stepfunctions.describe_execution"]
    described["input"] = json.dumps({"s3_bucket": "images", "s3_key": key})
    if key == "gone.png":
        answers["s3.get_object"] = error("NoSuchKey", "The specified key does not exist.")
    assert "/objects/" not in open_console(answers).get("/executions/decide/first").text


def test_the_page_shows_path_timing_input_output_and_the_graph(open_console: Open) -> None:
    page = open_console(machine_answers()).get("/executions/decide/first").text
    for text in (
        "40 ms",
        "after 2 attempts",
        "&#34;near&#34;: true",
        'href="#visit-1"',
        "is-taken",
        "/objects/images/a%20b.png",
    ):
        assert text in page


def test_a_machine_is_drawn_with_all_of_its_states(open_console: Open) -> None:
    page = open_console(machine_answers()).get("/state-machines/decide").text
    for text in ("Read", "Lambda · invoke", "Choose", "Near", "Fail · NotNear", "on States.ALL", "near = true"):
        assert text in page


def test_an_execution_that_does_not_exist_is_a_404(open_console: Open) -> None:
    answers = machine_answers()
    del answers["stepfunctions.describe_execution"]
    assert open_console(answers).get("/executions/decide/none").status == 404
    assert open_console().get("/executions/nothing/none").status == 404


def test_a_state_that_invokes_a_function_leads_to_its_log(open_console: Open) -> None:
    invoked = definition()
    invoked["States"]["Read"]["Parameters"] = {"FunctionName": f"{FUNCTIONS}:reader"}
    answers = machine_answers() | {"stepfunctions.describe_state_machine": {"definition": json.dumps(invoked)}}
    page = open_console(answers).get("/executions/decide/first").text
    assert page.count('href="/logs?group=%2Faws%2Flambda%2Freader"') == 1


def test_functions_are_found_by_name_by_arn_and_inside_other_states() -> None:
    inside = {"States": {"C": {"Type": "Task", "Resource": f"{FUNCTIONS}:third"}}}
    states = {
        "A": {"Type": "Task", "Parameters": {"FunctionName": "first:live"}},
        "B": {"Type": "Task", "Arguments": {"FunctionName": f"{FUNCTIONS}:second:7"}},
        "M": {"Type": "Map", "ItemProcessor": inside},
        "P": {"Type": "Pass"},
    }
    assert functions_in({"States": states}) == {"A": "first", "B": "second", "C": "third"}


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(
    "text", [r'{"s3_bucket": "images", "s3_key": "\ud800.png"}', "[" * 5000, r'{"Cause": "\ud800"}']
)
@pytest.mark.parametrize("path", ["/executions/decide/first", "/state-machines/decide"])
def test_a_monstrous_input_or_cause_does_not_break_the_page(open_console: Open, text: str, path: str) -> None:
    answers = machine_answers("FAILED")
    answers["stepfunctions.describe_execution"] |= {"input": text, "output": text, "error": "Broken", "cause": text}
    assert open_console(answers).get(path).status == 200
