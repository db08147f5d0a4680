"""The gate's result in one line: on the page of the execution that measured it, and on that of the model version."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.unit.console.conftest import Open
from tests.unit.console.doubles import Answers, endpoint_answers, history, machine_answers
from tests.unit.console.test_changes import STACK
from tests.unit.console.test_other_pages import MODEL, REGISTRY

from console.aws.gate import gate_in, in_percent

NEW = "New model: 0.985, 197 of 200 (class 0 0.990, 99 of 100, class 1 0.980, 98 of 100)"
CONDITION = "Gate: at least 0.900, and at most 0.020 below the model in service"
PASSED = f"{NEW}\nModel in service: 0.985, 197 of 200\n{CONDITION}\nPassed"
FIRST = f"{NEW}\nModel in service: none\n{CONDITION}\nPassed"
STOPPED = f"{NEW}\nModel in service: 1.000, 200 of 200\n{CONDITION}\nStopped: accuracy 0.985 is <too> low"
LINE = "New model 98.5 % (197 of 200), model in service then 98.5 % (197 of 200), difference 0: gate passed"


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


def evaluated(summary: str) -> Answers:
    events = history()
    events[6]["stateExitedEventDetails"]["output"] = json.dumps({"evaluation": {"summary": summary}})
    return machine_answers(events=events)


def registered(report: bytes) -> Answers:
    statistics = {"S3Uri": "s3://images/evaluations/run/quality.json"}
    package: dict[str, Any] = {
        "InferenceSpecification": MODEL,
        "ModelMetrics": {"ModelQuality": {"Statistics": statistics}},
    }
    files = endpoint_answers({"evaluations/run/quality.json": report})
    return REGISTRY | {"s3.get_object": files["s3.get_object"], "sagemaker.describe_model_package": package}


def test_an_execution_says_how_the_new_model_compares_with_the_one_in_service(open_console: Open) -> None:
    page = text_of(open_console(evaluated(PASSED)).get("/executions/decide/first").text)
    assert LINE in page
    assert "new model by class: class 0 99 % (99 of 100)" in page


def test_a_model_version_says_it_from_the_report_of_its_evaluation(open_console: Open) -> None:
    report = json.dumps({"gate": {"summary": PASSED}}).encode()
    assert LINE in text_of(open_console(registered(report)).get("/models/bikes/2").text)


@pytest.mark.parametrize("report", [b"{}", b"\xff", b'{"gate": 1}', b'{"gate": {"summary": "Hello"}}'])
def test_a_report_without_a_gate_shows_no_line(open_console: Open, report: bytes) -> None:
    answer = open_console(registered(report)).get("/models/bikes/2")
    assert answer.status == 200
    assert "New model" not in answer.text


def test_a_model_that_stopped_says_why(open_console: Open) -> None:
    page = open_console(evaluated(STOPPED)).get("/executions/decide/first").text
    assert "difference \N{MINUS SIGN}1.5 points: stopped at the gate, accuracy 98.5 % is &lt;too&gt; low" in text_of(
        page
    )


def test_the_first_model_is_compared_with_nothing(open_console: Open) -> None:
    page = text_of(open_console(evaluated(FIRST)).get("/executions/decide/first").text)
    assert "New model 98.5 % (197 of 200), no model in service then to compare with: gate passed" in page


WORKFLOW: Answers = {"cloudformation.describe_stacks": {"Stacks": [STACK]}}


def test_classes_have_their_names_on_both_pages(open_console: Open) -> None:
    report = json.dumps({"gate": {"summary": PASSED}}).encode()
    pages = [
        open_console(evaluated(PASSED) | WORKFLOW).get("/executions/decide/first").text,
        open_console(registered(report) | WORKFLOW).get("/models/bikes/2").text,
    ]
    for page in pages:
        assert "new model by class: bicycle 99 % (99 of 100), motorcycle 98 % (98 of 100)" in text_of(page)


def test_classes_keep_their_numbers_where_it_is_unknown_whose_they_are(open_console: Open) -> None:
    two = {"cloudformation.describe_stacks": {"Stacks": [STACK, {**STACK, "StackName": "other"}]}}
    page = text_of(open_console(evaluated(PASSED) | two).get("/executions/decide/first").text)
    assert "class 0 99 % (99 of 100)" in page


@pytest.mark.parametrize("model", [MODEL["Containers"][0], None])
def test_the_model_in_service_then_is_named(open_console: Open, model: dict[str, Any] | None) -> None:
    named = PASSED.replace("197 of 200\nGate", "197 of 200 (old-model)\nGate")
    answers = evaluated(named) | ({"sagemaker.describe_model": {"PrimaryContainer": model}} if model else {})
    page = open_console(answers).get("/executions/decide/first").text
    shown = '<a href="/training-jobs/bikes-1">bikes-1</a>' if model else "old-model"
    assert f"model in service then, {shown}, <b>98.5 %</b>" in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at least 0.800, and at most 0.020 below the model", "at least 80 %, and at most 2 points below the model"),
        ("accuracy 0.000 is below 0.800", "accuracy 0 % is below 80 %"),
        (
            "accuracy 0.900 is more than 0.025 below that of it, 1.000",
            "accuracy 90 % is more than 2.5 points below that of it, 100 %",
        ),
    ],
)
def test_every_share_is_in_percent(text: str, shown: str) -> None:
    assert in_percent(text) == shown


def test_a_text_that_is_no_summary_is_no_gate() -> None:
    assert gate_in("New model: 0.985, 197 of 200") is None
    assert gate_in("") is None
