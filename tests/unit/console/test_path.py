"""The path of an execution: what is inside of what, what was begun again, and the time before the first state."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, Answers, history, machine_answers
from tests.unit.console.test_history import caught, event, exited, failed_answers, scheduled
from tests.unit.console.test_history import entered as state_entered

from console.aws.history.started import Started
from console.aws.history.visits import visits
from console.views.state_machines.path import depth_of, nested, retries_of

NAME = "70e5fea2-272c-43b7-96f4-520053c29f04_a10d6c52-3cb7-44da-9c80-fc05ac4d7035"
SHORT = "70e5fea2-272c…fc05ac4d7035"


def interleaved() -> list[dict[str, Any]]:
    """Return two branches whose states begin in turn, one of them inside a Map of its own."""
    return [
        state_entered(1, 0, "Parallel", "Both"),
        event(2, 1, "ParallelStateStarted"),
        state_entered(3, 2, "Map", "Each"),
        state_entered(4, 2, "Pass", "Beside"),
        event(5, 3, "MapStateStarted"),
        event(6, 5, "MapIterationStarted", mapIterationStartedEventDetails={"name": "Each", "index": 0}),
        state_entered(7, 6, "Pass", "Inside"),
    ]


def test_states_stand_behind_the_block_that_they_are_in() -> None:
    read = visits(interleaved()).visits
    assert [each.state for each in read] == ["Both", "Each", "Beside", "Inside"]
    assert [(each.state, depth_of(each)) for each in nested(read)] == [
        ("Both", 0),
        ("Each", 1),
        ("Inside", 2),
        ("Beside", 1),
    ]


def test_the_page_indents_what_is_inside_a_block(open_console: Open) -> None:
    page = open_console(failed_answers(caught())).get("/executions/decide/first").text
    inside = re.findall(r'<li(?: class="(.*?)")?><details id="visit-(\d+)"', " ".join(page.split()))
    assert inside == [("", "1"), ("is-inside-1", "2"), ("is-inside-2", "3"), ("is-inside-2", "4"), ("", "5")]


def test_retries_are_told_with_their_state(open_console: Open) -> None:
    assert retries_of(visits(history()).visits) == {"Read": 1}
    page = " ".join(open_console(machine_answers()).get("/executions/decide/first").text.split())
    assert "<dt>Retries</dt><dd>1<small>of Read</small></dd>" in page
    assert "<small>1 retry</small>" in page


def test_a_wait_for_the_first_state_is_told(open_console: Open) -> None:
    answers = machine_answers()
    told = "the first state began after 77 ms"
    assert told not in open_console(answers).get("/executions/decide/first").text
    answers["stepfunctions.describe_execution"]["startDate"] = NOW - timedelta(milliseconds=76)
    assert told in open_console(answers).get("/executions/decide/first").text


def test_versions_and_tuning_jobs_that_a_step_makes_have_their_pages() -> None:
    made = {"resourceType": "aws-sdk:sagemaker", "output": '{"ModelPackageArn": "arn:aws:s:r:1:model-package/bikes/2"}'}
    events = [
        state_entered(1, 0, "Task", "Register"),
        event(2, 1, "TaskScheduled", taskScheduledEventDetails=made | {"parameters": '{"ModelPackageGroupName": "b"}'}),
        event(3, 2, "TaskSucceeded", taskSucceededEventDetails=made),
        exited(4, 3, "Task", "Register"),
        state_entered(5, 4, "Task", "Tune"),
        scheduled(6, 5, "none"),
    ]
    tuned = '{"HyperParameterTuningJobName": "tune", "HyperParameterTuningJobConfig": {}}'
    events[-1]["taskScheduledEventDetails"]["parameters"] = tuned
    version, tuning = (visit.started for visit in visits(events).visits)
    assert version == Started("model-package", "bikes/2")
    assert (version.page, version.log, version.title) == ("/models/bikes/2", "", "bikes version 2")
    assert tuning == Started("hyper-parameter-tuning-job", "tune")
    assert tuning.page == "/training-jobs?q=tune"
    assert tuning.log.endswith("TrainingJobs&prefix=tune-")


def long_named() -> Answers:
    answers = machine_answers()
    answers["stepfunctions.list_executions"]["executions"][0]["name"] = NAME
    return answers


def test_a_row_of_executions_is_its_image_with_the_name_shortened(open_console: Open) -> None:
    page = open_console(long_named()).get("/state-machines/decide").text
    assert f'title="{NAME}">a b.png</a><small title="{NAME}">{SHORT}</small>' in page


def test_a_row_without_an_image_is_its_name(open_console: Open) -> None:
    answers = long_named()
    answers["stepfunctions.describe_execution"]["input"] = "{}"
    assert f'title="{NAME}">{SHORT}</a></td>' in open_console(answers).get("/state-machines/decide").text


def test_inputs_are_read_once(open_console: Open) -> None:
    console = open_console(machine_answers())
    for _ in range(3):
        console.get("/state-machines/decide")
    console.post("/state-machines/decide/start", "input={}")  # a change makes the console forget all answers
    console.get("/state-machines/decide")
    assert len(console.session.asked("stepfunctions.describe_execution")) == 1
