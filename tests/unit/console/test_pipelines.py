"""SageMaker Pipelines: definitions as graphs, and executions drawn on them."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.console.conftest import TIMEOUT_S, Open
from tests.unit.console.doubles import NOW, log
from tests.unit.console.test_changes import STACK, workflow_answers

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
    assert 'href="/logs?group=%2Faws%2Fsagemaker%2FTrainingJobs&amp;prefix=bikes-1%2F"' in head
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
