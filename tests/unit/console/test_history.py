"""Histories with blocks: a Map whose job fails, inside a Parallel whose error is caught or whose block is retried."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, Answers, log, machine_answers

from console.aws.history.item_names import item_names
from console.aws.history.started import Started, started_in, started_of
from console.aws.history.visits import visits

Event = dict[str, Any]
JOB = {
    "TransformJobName": "run-served",
    "TransformJobStatus": "Failed",
    "FailureReason": "ClientError: See job logs for more information",
}
CAUSE = json.dumps(JOB)
FAILED = {"error": "States.TaskFailed", "cause": CAUSE}
TRACE = "ValueError: 300 channels"


def event(number: int, previous: int, kind: str, **details: Any) -> Event:
    """Return an event, a second after that with the number before."""
    time = NOW + timedelta(seconds=number)
    return {"id": number, "previousEventId": previous, "type": kind, "timestamp": time, **details}


def entered(number: int, previous: int, kind: str, name: str, given: Any = None) -> Event:
    details = {"name": name, "input": json.dumps(given or {})}
    return event(number, previous, f"{kind}StateEntered", stateEnteredEventDetails=details)


def exited(number: int, previous: int, kind: str, name: str) -> Event:
    return event(number, previous, f"{kind}StateExited", stateExitedEventDetails={"name": name, "output": "{}"})


def scheduled(number: int, previous: int, job: str) -> Event:
    parameters = json.dumps({"TransformJobName": job, "ModelName": "m"})
    details = {"resourceType": "sagemaker", "resource": "createTransformJob.sync", "parameters": parameters}
    return event(number, previous, "TaskScheduled", taskScheduledEventDetails=details)


def iteration(number: int, previous: int, index: int) -> Event:
    details = {"name": "Answer", "index": index}
    return event(number, previous, "MapIterationStarted", mapIterationStartedEventDetails=details)


def failing_map() -> list[Event]:
    """Return a Parallel with a Map of two jobs of which the second fails, as LocalStack and AWS number the events."""
    return [
        entered(1, 0, "Parallel", "Both"),
        event(2, 1, "ParallelStateStarted"),
        entered(3, 2, "Map", "Answer"),
        event(4, 3, "MapStateStarted"),
        iteration(5, 4, 0),
        entered(6, 5, "Task", "Transform", {"kind": "job", "name": "candidate"}),
        scheduled(7, 6, "run-candidate"),
        iteration(8, 4, 1),
        entered(9, 8, "Task", "Transform", {"kind": "job", "name": "served"}),
        scheduled(10, 9, "run-served"),
        event(11, 10, "TaskFailed", taskFailedEventDetails=FAILED),
        event(12, 11, "MapIterationFailed"),
        event(13, 11, "MapStateFailed"),
    ]


def caught() -> list[Event]:
    failure = {"error": FAILED["error"], "cause": CAUSE}
    return [
        *failing_map(),
        event(14, 13, "ParallelStateFailed"),
        exited(15, 14, "Parallel", "Both"),
        entered(16, 15, "Fail", "Failed"),
        event(17, 16, "ExecutionFailed", executionFailedEventDetails=failure),
    ]


def retried() -> list[Event]:
    return [
        *failing_map(),
        event(14, 13, "ParallelStateStarted"),
        entered(15, 14, "Pass", "Fallback"),
        exited(16, 15, "Pass", "Fallback"),
        event(17, 16, "ParallelStateSucceeded"),
        exited(18, 16, "Parallel", "Both"),
        event(19, 18, "ExecutionSucceeded"),
    ]


def failed_answers(events: list[Event]) -> Answers:
    answers = machine_answers("FAILED", events)
    answers["stepfunctions.describe_execution"] |= FAILED
    return answers | log("starting", TRACE, "done")


def test_a_block_whose_failure_is_caught_has_the_error_and_its_states_have_failed() -> None:
    both, answer, candidate, served, end = visits(caught()).visits
    assert [each.status("FAILED") for each in (both, answer, candidate, served, end)] == [
        "CAUGHT",
        "FAILED",
        "ABORTED",
        "FAILED",
        "FAILED",
    ]
    assert (both.error, both.cause) == ("States.TaskFailed", CAUSE)


def test_states_without_an_exit_last_until_they_failed_or_were_stopped() -> None:
    seconds = [each.seconds for each in visits(caught()).visits]
    assert seconds == [14.0, 10.0, 7.0, 2.0, 1.0]


def test_a_block_that_is_retried_does_not_hide_the_failure_inside() -> None:
    history = visits(retried())
    both, answer, *_, fallback = history.visits
    assert (both.status("SUCCEEDED"), both.attempts, both.is_failing) == ("CAUGHT", 2, False)
    assert both.has_failure_inside
    assert answer.status("SUCCEEDED") == "FAILED"
    assert fallback.status("SUCCEEDED") == "SUCCEEDED"


def test_a_fail_state_inside_a_block_has_failed() -> None:
    events = [
        entered(1, 0, "Parallel", "Both"),
        event(2, 1, "ParallelStateStarted"),
        entered(3, 2, "Fail", "GiveUp"),
        event(4, 3, "ParallelStateFailed"),
        exited(5, 4, "Parallel", "Both"),
    ]
    assert [each.status("RUNNING") for each in visits(events).visits] == ["CAUGHT", "FAILED"]


def test_what_runs_beside_a_failed_iteration_still_runs() -> None:
    history = visits(failing_map()[:12])
    assert [each.status("RUNNING") for each in history.visits] == ["RUNNING", "RUNNING", "RUNNING", "FAILED"]
    assert [each.seconds for each in history.visits] == [None, None, None, 2.0]


def test_items_of_a_map_are_named_by_what_tells_them_apart() -> None:
    history = visits(caught())
    assert item_names(history.visits) == {3: "item 0: candidate", 4: "item 1: served"}


def test_the_failure_begins_in_the_task_and_not_in_its_blocks_or_the_fail_state() -> None:
    origin = visits(caught()).origin(CAUSE)
    assert origin is not None
    assert (origin.state, origin.started) == ("Transform", Started("transform-job", "run-served"))
    assert visits(caught()).origin("another") is None


def test_the_page_names_the_job_that_failed_its_log_and_the_last_error_in_it(open_console: Open) -> None:
    page = open_console(failed_answers(caught())).get("/executions/decide/first").text
    head = page[page.index("<h1>") : page.index("Path</h2>")]
    for text in (
        '<a href="#visit-4">Transform</a> (item 1: served) failed: States.TaskFailed',
        "ClientError: See job logs for more information",
        f"<code>{TRACE}</code>",
        'href="/logs?group=%2Faws%2Fsagemaker%2FTransformJobs&amp;prefix=run-served%2F&amp;at=error"',
        "The whole cause",
    ):
        assert text in head
    assert head.index("The whole cause") < head.index("TransformJobStatus")


def test_a_log_that_the_role_may_not_read_leaves_its_line_out(open_console: Open) -> None:
    answers = failed_answers(caught())
    del answers["logs.get_log_events"]
    page = open_console(answers).get("/executions/decide/first")
    assert page.status == 200
    assert TRACE not in page.text


@pytest.mark.parametrize("path", ["/state-machines/decide", "/"])
def test_lists_show_the_message_of_a_cause_and_not_its_json(open_console: Open, path: str) -> None:
    page = open_console(failed_answers(caught())).get(path).text
    assert "ClientError: See job logs for more information" in page
    assert "TransformJobStatus" not in page


def test_the_list_of_machines_says_what_its_glyphs_mean(open_console: Open) -> None:
    page = open_console(failed_answers(caught())).get("/state-machines").text
    key = page[page.index("strip-key") :]
    for words in ("succeeded", "sent to review", "failed or timed out", "running", "stopped", "newest at the right"):
        assert words in key


def test_a_large_graph_shows_first_the_state_that_failed(open_console: Open) -> None:
    states = {"Transform": {"Type": "Pass", "Next": "Failed"}, "Failed": {"Type": "Fail"}}
    drawn = json.dumps({"StartAt": "Transform", "States": states})
    answers = failed_answers(caught()) | {"stepfunctions.describe_state_machine": {"definition": drawn}}
    page = open_console(answers).get("/executions/decide/first").text
    assert page.count("is-focus") == 1
    assert "Transform" in page[page.index("is-focus") :][:200]


def test_jobs_with_a_page_lead_to_it_and_others_to_their_log() -> None:
    training = started_in('{"TrainingJobName": "t"}')
    assert training is not None
    assert (training.page, training.log) == (
        "/training-jobs/t",
        "/logs?group=%2Faws%2Fsagemaker%2FTrainingJobs&prefix=t%2F",
    )
    endpoint = started_of("arn:aws:sagemaker:eu-central-1:123456789012:endpoint/e")
    assert endpoint is not None
    assert (endpoint.page, endpoint.log) == ("/endpoints/e", "/logs?group=%2Faws%2Fsagemaker%2FEndpoints%2Fe")
    assert started_in("[]") is None
    assert started_of("arn:aws:sagemaker:eu-central-1:123456789012:model/m") is None
