"""The frame of all pages, the first page, live blocks, and the answer of a page when AWS does not answer."""

from __future__ import annotations

import re

from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, error, log, machine_answers
from tests.unit.console.doubles import job as described
from tests.unit.console.test_decisions import account, succeeded

SUMMARY = {"TrainingJobName": "bikes", "TrainingJobStatus": "InProgress", "CreationTime": NOW}


def test_an_empty_account_is_told_what_to_do_next(open_console: Open) -> None:
    page = open_console().get("/").text
    assert "Nothing has happened" in page
    assert "scones run" in page


def test_the_overview_counts_what_runs_and_shows_the_last_events(open_console: Open) -> None:
    page = open_console({"sagemaker.list_training_jobs": {"TrainingJobSummaries": [SUMMARY]}, **machine_answers()})
    text = page.get("/").text
    assert 'href="/training-jobs/bikes"' in text
    assert 'href="/executions/decide/first"' in text
    assert '<dt>Running now</dt><dd><a href="#running">1</a>' in text
    assert re.search(r'<h2 id="running">.*?href="/training-jobs/bikes"', text, re.DOTALL)


def test_an_execution_that_runs_behind_many_that_ended_is_counted_and_linked(open_console: Open) -> None:
    """What runs was once looked for among the newest executions only."""
    running, many = (
        [{"name": "slow", "status": "RUNNING"}],
        [{"name": f"slow-{n}", "status": "RUNNING"} for n in range(12)],
    )
    page = open_console(account([*succeeded(30), *running])).get("/").text
    assert '<dt>Running now</dt><dd><a href="#running">1</a>' in page
    assert 'href="/executions/decide/slow"' in page
    many = [{"name": f"slow-{number}", "status": "RUNNING"} for number in range(12)]
    page = open_console(account(many)).get("/").text
    assert '<a href="/state-machines/decide?status=RUNNING">4 of decide</a>' in page


def test_a_service_that_does_not_answer_leaves_the_others_alone(open_console: Open) -> None:
    refused = {"cloudwatch.describe_alarms": error("AccessDenied", "not you"), **machine_answers()}
    page = open_console(refused).get("/").text
    assert "cloudwatch refused describe_alarms: AccessDenied: not you" in page
    assert 'href="/executions/decide/first"' in page


def test_a_page_that_does_not_exist_explains_itself(open_console: Open) -> None:
    answer = open_console().get("/nowhere")
    assert answer.status == 404
    assert "the console has no page /nowhere" in answer.text


def test_text_of_aws_is_escaped(open_console: Open) -> None:
    evil = "<script>alert(1)</script>"
    answers = {"sagemaker.describe_training_job": described(status="Failed", FailureReason=evil)} | log(evil)
    page = open_console(answers).get("/training-jobs/bikes").text
    assert evil not in page
    assert page.count("&lt;script&gt;alert(1)") == 2


def test_every_file_that_a_page_names_is_served_with_a_type(open_console: Open) -> None:
    console = open_console()
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', console.get("/").text)
    assert len(addresses) >= 4
    for address in addresses:
        answer = console.get(address)
        assert answer.status == 200
        assert answer.headers["content-type"].startswith(("text/css", "text/javascript", "image/svg+xml"))
        assert "immutable" in answer.headers["cache-control"]


def test_a_stream_sends_all_blocks_and_then_only_those_that_change(open_console: Open) -> None:
    console = open_console({"sagemaker.list_training_jobs": {"TrainingJobSummaries": [SUMMARY]}})
    with console.stream("/training-jobs") as events:
        assert "InProgress" in next(events)["live_jobs"]
        ended = {**SUMMARY, "TrainingJobStatus": "Completed"}
        console.session.answers["sagemaker.list_training_jobs"] = {"TrainingJobSummaries": [ended]}
        changed = next(events)
    assert changed.keys() == {"live_jobs"}
    assert "Completed" in changed["live_jobs"]


def test_a_stream_tells_when_aws_stops_answering(open_console: Open) -> None:
    console = open_console()
    with console.stream("/training-jobs") as events:
        assert next(events)["problem"] == ""
        console.session.answers["sagemaker.list_training_jobs"] = error("Throttling", "slow down")
        assert "slow down" in next(events)["problem"]


def test_pages_that_are_open_in_several_tabs_ask_once(open_console: Open) -> None:
    console = open_console()
    for _ in range(5):
        console.get("/training-jobs")
    assert len(console.session.asked("sts.get_caller_identity")) == 1


def test_without_an_open_page_nothing_is_asked(open_console: Open) -> None:
    console = open_console()
    console.get("/health")
    assert console.session.calls == []


def test_an_aws_on_this_machine_may_be_changed_and_another_is_shown_read_only(open_console: Open) -> None:
    assert "changes allowed" in open_console().get("/").text
    elsewhere = open_console(endpoint_url="https://sagemaker.eu-central-1.amazonaws.com")
    assert "read only" in elsewhere.get("/").text


def test_the_overview_says_why_a_job_and_an_execution_failed(open_console: Open) -> None:
    failed = {**SUMMARY, "TrainingJobStatus": "Failed"}
    answers = machine_answers("FAILED")
    answers["stepfunctions.describe_execution"] |= {"error": "Busy", "cause": '{"errorMessage": "no <room>"}'}
    page = open_console(
        {
            "sagemaker.list_training_jobs": {"TrainingJobSummaries": [failed]},
            "sagemaker.describe_training_job": described(status="Failed", FailureReason="AlgorithmError: no data"),
            **answers,
        }
    ).get("/")
    assert "no &lt;room&gt;" in page.text
    assert "AlgorithmError: no data" in page.text
