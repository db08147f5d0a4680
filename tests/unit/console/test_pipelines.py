"""SageMaker Pipelines: definitions as graphs, and executions drawn on them."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.console.conftest import TIMEOUT_S, Open
from tests.unit.console.doubles import NOW, error, job, log
from tests.unit.console.test_changes import STACK, workflow_answers
from tests.unit.console.test_figures import figures_of, text_of
from tests.waiting import until

from console.aws.pipelines import graph_of
from console.views.pipelines import path_of

ARN = "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/bikes"
DEFINITION = {
    "Steps": [
        {"Name": "Prepare", "Type": "Processing", "Arguments": {}},
        {"Name": "Train", "Type": "Training", "Arguments": {"Data": {"Get": "Steps.Prepare.Outputs['train']"}}},
        {
            "Name": "IsItGood",
            "Type": "Condition",
            "DependsOn": ["Train"],
            "Arguments": {
                "Conditions": [],
                "IfSteps": [
                    {"Name": "Register", "Type": "RegisterModel", "Arguments": {"M": {"Get": "Steps.Train.M"}}}
                ],
                "ElseSteps": [{"Name": "GiveUp", "Type": "Fail", "Arguments": {}}],
            },
        },
        {"Name": "Clean", "Type": "Lambda", "Arguments": {}},
    ]
}
EXECUTION = {
    "PipelineExecutionArn": f"{ARN}/execution/abc123",
    "PipelineExecutionStatus": "Failed",
    "CreationTime": NOW,
    "StartTime": NOW,
    "FailureReason": "Step failure",
}
JOB = "arn:aws:sagemaker:eu-central-1:123456789012:training-job/bikes-1"
STEPS = [
    {
        "StepName": "Prepare",
        "StepStatus": "Succeeded",
        "StartTime": NOW,
        "EndTime": NOW,
        "CacheHitResult": {"SourcePipelineExecutionArn": "earlier"},
    },
    {
        "StepName": "Train",
        "StepStatus": "Failed",
        "StartTime": NOW,
        "EndTime": NOW + timedelta(seconds=90),
        "FailureReason": "no <data>",
        "Metadata": {"TrainingJob": {"Arn": JOB}},
    },
]
ANSWERS: dict[str, Any] = {
    "sagemaker.list_pipelines": {"PipelineSummaries": [{"PipelineName": "bikes", "LastModifiedTime": NOW}]},
    "sagemaker.list_pipeline_executions": {"PipelineExecutionSummaries": [EXECUTION]},
    "sagemaker.describe_pipeline": {"PipelineArn": ARN, "PipelineDefinition": json.dumps(DEFINITION)},
    "sagemaker.describe_pipeline_execution": EXECUTION,
    "sagemaker.list_pipeline_execution_steps": {"PipelineExecutionSteps": STEPS},
}


def test_the_graph_has_named_and_implied_dependencies_and_both_branches() -> None:
    graph = graph_of(DEFINITION)
    assert {(each.source, each.target) for each in graph.transitions} == {
        ("Prepare", "Train"),
        ("Train", "IsItGood"),
        ("IsItGood", "Register"),
        ("Train", "Register"),
        ("IsItGood", "GiveUp"),
    }
    assert graph.starts == ("Prepare", "Clean")
    assert {state.name for state in graph.states if state.is_end} == {"Register", "GiveUp", "Clean"}


def test_an_execution_shows_steps_times_failures_and_what_they_started(open_console: Open) -> None:
    page = open_console(ANSWERS).get("/pipelines/bikes/abc123").text
    for text in (
        "Step failure",
        "1 min 30 s",
        "no &lt;data&gt;",
        'href="/training-jobs/bikes-1"',
        "cached",
        "is-taken",
    ):
        assert text in page


def test_a_failed_execution_names_the_step_and_the_last_error_in_the_log_of_its_job(open_console: Open) -> None:
    page = open_console(ANSWERS | log("epoch 1", "MemoryError: 3 GiB", "done")).get("/pipelines/bikes/abc123").text
    head = page[: page.index("<h2>Steps")]
    assert '<a href="#step-Train">Train</a> failed' in head
    assert "<code>MemoryError: 3 GiB</code>" in head
    assert 'href="/logs?group=%2Faws%2Fsagemaker%2FTrainingJobs&amp;prefix=bikes-1%2F&amp;at=error"' in head
    assert page.count("is-focus") == 1


@pytest.mark.parametrize(
    ("arn", "path"),
    [
        ("arn:aws:sagemaker:r:1:processing-job/p", "/logs?group=%2Faws%2Fsagemaker%2FProcessingJobs&prefix=p%2F"),
        ("arn:aws:sagemaker:r:1:transform-job/t", "/logs?group=%2Faws%2Fsagemaker%2FTransformJobs&prefix=t%2F"),
        ("arn:aws:lambda:r:1:function:check:live", "/logs?group=%2Faws%2Flambda%2Fcheck"),
        ("arn:aws:sagemaker:r:1:model-package/g/1", "/models/g/1"),
        ("arn:aws:sagemaker:r:1:model/m", ""),
        ("", ""),
    ],
)
def test_a_step_leads_to_what_it_started_or_to_its_log(arn: str, path: str) -> None:
    assert path_of(arn) == path


def test_the_steps_of_an_execution_that_is_retried_are_read_again(open_console: Open) -> None:
    console = open_console(ANSWERS)
    assert "no &lt;data&gt;" in console.get("/pipelines/bikes/abc123").text
    retried = [STEPS[0], {"StepName": "Train", "StepStatus": "Executing", "StartTime": NOW}]
    console.session.answers["sagemaker.list_pipeline_execution_steps"] = {"PipelineExecutionSteps": retried}
    deadline = time.monotonic() + TIMEOUT_S  # answers are kept for a moment
    while "no &lt;data&gt;" in console.get("/pipelines/bikes/abc123").text:
        assert time.monotonic() < deadline


def test_the_lists_lead_to_each_pipeline_and_execution(open_console: Open) -> None:
    console = open_console(ANSWERS)
    assert 'href="/pipelines/bikes"' in console.get("/pipelines").text
    assert 'href="/pipelines/bikes/abc123"' in console.get("/pipelines/bikes").text
    assert "GiveUp" in console.get("/pipelines/bikes").text


def test_the_kits_own_pipeline_and_its_last_run_are_linked(open_console: Open) -> None:
    machine = {
        "OutputKey": "PipelineStateMachineArn",
        "OutputValue": "arn:aws:states:eu-central-1:1:stateMachine:decide",
    }
    stack = {**STACK, "Outputs": [*STACK["Outputs"], machine]}
    answers = workflow_answers() | {
        "sagemaker.list_pipelines": {"PipelineSummaries": []},
        "cloudformation.describe_stacks": {"Stacks": [stack]},
    }
    page = open_console(answers).get("/pipelines").text
    assert 'href="/state-machines/decide"' in page
    assert 'href="/executions/decide/first"' in page
    assert "pipeline.upsert(role)" in page


def test_without_pipelines_the_page_says_how_to_make_one(open_console: Open) -> None:
    page = open_console({"sagemaker.list_pipelines": {"PipelineSummaries": []}}).get("/pipelines").text
    assert "pipeline.upsert(role)" in page


def failed(number: int, minutes_ago: float) -> dict[str, Any]:
    began = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    reason = {"PipelineExecutionFailureReason": "Step failure: One or multiple steps failed."}
    arn = f"{ARN}/execution/abc{number}"
    return {"PipelineExecutionArn": arn, "PipelineExecutionStatus": "Failed", "StartTime": began, **reason}


def account_of(executions: list[dict[str, Any]], ended_minutes_ago: float = 1) -> dict[str, Any]:
    """Return an account whose pipeline has these executions. The step Train of each ended at that time."""
    ended = datetime.now(UTC) - timedelta(minutes=ended_minutes_ago)

    def listed(**request: Any) -> dict[str, Any]:
        return {
            "PipelineExecutionSummaries": [each for each in executions if each["StartTime"] > request["CreatedAfter"]]
        }

    return {
        **ANSWERS,
        "sagemaker.list_pipeline_executions": listed,
        "sagemaker.list_pipeline_execution_steps": {"PipelineExecutionSteps": [{**STEPS[1], "EndTime": ended}]},
    }


def test_a_failed_execution_of_a_pipeline_is_among_the_failures(open_console: Open) -> None:
    """They once had a page of their own only, and did not count."""
    console = open_console(account_of([failed(1, minutes_ago=9)]))
    overview, page = console.get("/").text, console.get("/failures").text
    assert figures_of(overview)["Failed in the last hour"] == "1"
    for text in (overview, page):
        assert 'href="/pipelines/bikes/abc1"' in text
        assert "Train failed : no <data>" in text_of(text)
        assert "execution of the pipeline bikes" in text_of(text)
    assert "1 failure" in text_of(page)


def test_an_execution_of_a_pipeline_is_found_by_its_id(open_console: Open) -> None:
    one = open_console(ANSWERS).get("/search?q=BC12")
    assert one.headers["location"] == "/pipelines/bikes/abc123"
    rows = [{**EXECUTION, "PipelineExecutionArn": f"{ARN}/execution/abc{number}"} for number in (123, 124, 200)]
    listed = {"PipelineExecutionSummaries": rows, "NextToken": "more"}
    page = open_console(ANSWERS | {"sagemaker.list_pipeline_executions": listed}).get("/search?q=bc12").text
    assert [f'href="/pipelines/bikes/abc{number}"' in page for number in (123, 124, 200)] == [True, True, False]
    assert "execution of the pipeline bikes" in page
    assert "Older executions of the pipeline bikes were not searched" in page


def test_the_search_says_that_it_looks_at_executions_of_pipelines(open_console: Open) -> None:
    for asked in ("", "?q=nothing"):
        words = text_of(open_console().get(f"/search{asked}").text)
        assert "state machines, the 50 newest pipelines, the last 3,000 executions of each machine" in words
        assert "and the last 100 of each of these pipelines, models" in words


def test_a_pipeline_whose_executions_cannot_be_listed_is_found(open_console: Open) -> None:
    refused = {"sagemaker.list_pipeline_executions": error("AccessDeniedException")}
    page = open_console(ANSWERS | refused).get("/search?q=bike")
    assert page.headers["location"] == "/pipelines/bikes"


def test_a_job_that_a_pipeline_started_counts_with_its_execution(open_console: Open) -> None:
    now = datetime.now(UTC)
    row = {"TrainingJobStatus": "Failed", "CreationTime": now, "TrainingEndTime": now}
    names = ("pipelines-abc1-Train-Ab3", "pipelines-abc9-Train-Ab3")
    jobs = {"TrainingJobSummaries": [{**row, "TrainingJobName": name} for name in names]}

    def described(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return job(TrainingJobName, "Failed", FailureReason="no data" if "abc1" in TrainingJobName else "no role")

    answers = {"sagemaker.list_training_jobs": jobs, "sagemaker.describe_training_job": described}
    console = open_console(account_of([failed(1, minutes_ago=9)]) | answers)
    assert figures_of(console.get("/").text)["Failed in the last hour"] == "2"
    assert f"{names[0]} training job made abc1 fail" in text_of(console.get("/failures").text)


def test_a_pipeline_that_the_role_may_not_read_hides_no_failure_of_another(open_console: Open) -> None:
    answers = account_of([failed(1, minutes_ago=9)])
    listed = answers["sagemaker.list_pipeline_executions"]

    def readable(PipelineName: str, **request: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if PipelineName == "secret":
            raise error("AccessDeniedException", "not authorized: sagemaker:ListPipelineExecutions")
        found: dict[str, Any] = listed(PipelineName=PipelineName, **request)
        return found

    names = [*answers["sagemaker.list_pipelines"]["PipelineSummaries"]]
    names.append({**names[0], "PipelineName": "secret"})
    both = {"sagemaker.list_pipelines": {"PipelineSummaries": names}, "sagemaker.list_pipeline_executions": readable}
    assert figures_of(open_console(answers | both).get("/").text)["Failed in the last hour"] == "1"


def test_an_execution_that_began_before_the_hour_counts_if_it_failed_in_it(open_console: Open) -> None:
    late = open_console(account_of([failed(1, minutes_ago=300)], ended_minutes_ago=5))
    assert figures_of(late.get("/").text)["Failed in the last hour"] == "1"
    early = open_console(account_of([failed(1, minutes_ago=300)], ended_minutes_ago=290))
    assert figures_of(early.get("/").text)["Failed in the last hour"] == "0"
    assert "Nothing failed in the last hour" in early.get("/failures").text


def test_many_failed_executions_are_counted_at_once_and_explained_a_few_at_a_time(open_console: Open) -> None:
    console = open_console(account_of([failed(number, minutes_ago=number / 10) for number in range(200)]))
    asked = "sagemaker.list_pipeline_execution_steps"
    assert figures_of(console.get("/").text)["Failed in the last hour"] == "200"
    assert len(console.session.asked(asked)) <= 10
    for _ in range(4):
        assert "200 failures" in text_of(console.get("/failures").text)
    assert "One or multiple steps failed" not in console.get("/failures").text
    assert len(console.session.asked(asked)) == 200  # each is read once


def test_executions_whose_steps_are_not_read_yet_are_no_kind_of_failure(open_console: Open) -> None:
    console = open_console(account_of([failed(number, minutes_ago=number / 10) for number in range(100)]))
    overview = console.get("/").text
    assert "The reasons of 94 more are still being read" in text_of(overview)
    assert "Train failed" in text_of(overview)
    assert "One or multiple steps failed" not in overview
    assert "more kind" not in overview
    page = console.get("/failures").text
    assert "The reasons of 34 more are still being read" in text_of(page)
    assert "One or multiple steps failed" not in page
    assert "still being read" not in [console.get("/failures").text for _ in range(2)][-1]


def test_old_executions_that_are_not_read_yet_make_the_count_a_lower_bound(open_console: Open) -> None:
    old = [failed(number, minutes_ago=100 + number) for number in range(30)]
    console = open_console(account_of(old, ended_minutes_ago=95))
    assert figures_of(console.get("/").text)["Failed in the last hour"] == "at least 0"
    assert figures_of(console.get("/").text)["Failed in the last hour"] == "0"


def test_an_execution_that_is_retried_is_read_again_after_it(open_console: Open) -> None:
    executions = [failed(1, minutes_ago=9)]
    steps = [{**STEPS[1], "EndTime": datetime.now(UTC)}]
    answers = {"sagemaker.list_pipeline_execution_steps": {"PipelineExecutionSteps": steps}}
    console = open_console(account_of(executions) | answers)
    console.get("/failures")
    executions[0]["PipelineExecutionStatus"] = "Executing"
    until(lambda: "Nothing failed" in console.get("/failures").text, "the failure to be gone")
    executions[0]["PipelineExecutionStatus"] = "Failed"
    steps[0]["FailureReason"] = "another reason"
    until(lambda: "another reason" in console.get("/failures").text, "the new reason")
