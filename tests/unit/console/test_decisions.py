"""Failures with their reasons, and the workflow's verdict about an image."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, PNG, Answers, bucket, error, job
from tests.unit.console.test_changes import BAYS, STACK, workflow_answers
from tests.unit.console.test_figures import figures_of, rows_of, text_of

from console.aws.decisions.events import Event
from console.aws.decisions.failures import LISTED, PAGES_MAX, READ_AT_ONCE, REASONS_MAX, Reason
from console.aws.state_machines import ExecutionSummary
from console.views.overview import lines, mixed
from console.views.state_machines.machines import as_shown
from display.colors import status_tone

BELOW = {"error": "ThresholdConfidenceNotMet", "cause": json.dumps({"errorMessage": "confidence 0.61 is below 0.93"})}
BROKEN = {"error": "ImageNotFound", "cause": "s3://images/a.png is not there\nand more"}
PARAMETERS = [*STACK["Parameters"], {"ParameterKey": "NearClasses", "ParameterValue": "bicycle"}]
WITH_BAYS = {"Stacks": [{**STACK, "Parameters": PARAMETERS, "Outputs": [*STACK["Outputs"], *BAYS]}]}


def output(*inferences: float) -> str:
    return json.dumps({"inferences": inferences, "class": "bicycle"})


def history_of(text: str) -> list[dict[str, Any]]:
    entered, exited = {"name": "Classify", "input": "{}"}, {"name": "Classify", "output": text}
    entry = {"id": 1, "previousEventId": 0, "type": "TaskStateEntered", "timestamp": NOW}
    leaving = {"id": 2, "previousEventId": 1, "type": "TaskStateExited", "timestamp": NOW}
    return [{**entry, "stateEnteredEventDetails": entered}, {**leaving, "stateExitedEventDetails": exited}]


def account(executions: list[dict[str, Any]]) -> Answers:
    """Return an account with the workflow and these executions, which have names, statuses, and maybe errors."""
    now = datetime.now(UTC)
    first = workflow_answers()["stepfunctions.describe_execution"]
    rows = {}
    for number, each in enumerate(executions):
        arn = f"{first['executionArn'].rpartition(':')[0]}:{each['name']}"
        ended = now - timedelta(seconds=number + 1)
        rows[arn] = {**first, "startDate": ended, "stopDate": ended, **each, "executionArn": arn}

    def listed(statusFilter: str = "", nextToken: str = "0", **request: Any) -> dict[str, Any]:  # noqa: N803 - AWS's
        start, size = int(nextToken), int(request.get("maxResults", 100))
        wanted = [row for row in rows.values() if statusFilter in ("", row["status"])]
        following = {"nextToken": str(start + size)} if len(wanted) > start + size else {}
        return {"executions": wanted[start : start + size], **following}

    def described(executionArn: str) -> Any:  # noqa: N803 - AWS's name
        return rows.get(executionArn, error("ExecutionDoesNotExist"))

    return workflow_answers() | {
        "cloudformation.describe_stacks": WITH_BAYS,
        "stepfunctions.list_executions": listed,
        "stepfunctions.describe_execution": described,
    }


def succeeded(count: int) -> list[dict[str, Any]]:
    return [{"name": f"load-{number}", "status": "SUCCEEDED"} for number in range(count)]


def test_a_load_does_not_hide_a_failure_of_the_last_hour(open_console: Open) -> None:
    executions = [*succeeded(40), {"name": "broken", "status": "FAILED", **BROKEN}]
    page = open_console(account(executions)).get("/").text
    assert 'href="/executions/decide/broken"' in page
    assert "ImageNotFound : s3://images/a.png is not there" in text_of(page)
    assert "and more" not in text_of(page)  # only the first line of the cause
    assert figures_of(page)["Failed in the last hour"] == "1"
    assert 'href="/failures"' in page


def test_neighbors_of_one_kind_that_succeeded_share_a_line(open_console: Open) -> None:
    page = open_console(account(succeeded(12))).get("/").text
    assert "and 11 more" in text_of(page)
    assert page.count('href="/executions/decide/load-') == 1


def test_an_image_below_the_threshold_needs_review_and_is_not_counted_as_a_failure(open_console: Open) -> None:
    executions = [
        {"name": "unsure", "status": "FAILED", **BELOW},
        {"name": "broken", "status": "FAILED", **BROKEN},
        {"name": "late", "status": "TIMED_OUT"},
    ]
    console = open_console(account(executions))
    assert figures_of(console.get("/").text)["Failed in the last hour"] == "2 1 more went to review"
    failures = text_of(console.get("/failures").text)
    assert "2 failures, and 1 execution whose image went to review" in failures
    assert "unsure execution of decide sent to review FAILED, by design" in failures
    row = text_of(console.get("/state-machines/decide").text)
    assert "unsure sent to review FAILED, by design" in row
    assert "ImageNotFound : s3://images/a.png is not there" in row


@pytest.mark.parametrize("stacks", [WITH_BAYS, {"Stacks": []}], ids=["own", "another"])
def test_an_image_for_review_has_one_color_and_word_on_every_page(open_console: Open, stacks: dict[str, Any]) -> None:
    """The strips once showed it as failed, except those of the workflow's own machine, and so did the search."""
    executions = [{"name": "unsure", "status": "FAILED", **BELOW}, {"name": "broken", "status": "FAILED", **BROKEN}]
    console = open_console(account(executions) | {"cloudformation.describe_stacks": stacks})
    page = console.get("/state-machines").text
    assert re.findall(r'<a class="tone-(\w+) is-\w+" href="[^"]+" title="([^"]+)"', page) == [
        ("bad", "broken: FAILED"),
        ("attention", "unsure: sent to review"),
    ]
    for path in ("/", "/failures", "/state-machines/decide", "/executions/decide/unsure", "/search?q=u"):
        assert re.search(r'tone-attention[^>]*title="The confidence[^>]*>sent to review<', console.get(path).text), path


def test_a_failure_has_no_tone_before_its_reason_is_read() -> None:
    row = ExecutionSummary("e", "arn", "decide", "FAILED", NOW, NOW)
    unread = as_shown(row, {}).status
    assert (status_tone(unread), unread) == ("quiet", "FAILED, its reason is being read")
    assert as_shown(row, {"/executions/decide/e": Reason("Broken")}).status == "FAILED"


def test_failures_of_more_than_an_hour_ago_are_not_counted(open_console: Open) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=61)
    old = {"name": "old", "status": "FAILED", "startDate": long_ago, "stopDate": long_ago, **BROKEN}
    console = open_console(account([old]))
    assert figures_of(console.get("/").text)["Failed in the last hour"] == "0"
    assert "Nothing failed in the last hour" in console.get("/failures").text


def test_failures_are_counted_apart_from_many_newer_images_for_review(open_console: Open) -> None:
    """The overview once looked at the newest 24 only, all of which may be images for review."""
    unsure = [{"name": f"u{number}", "status": "FAILED", **BELOW} for number in range(130)]
    broken = [{"name": f"b{number}", "status": "FAILED", **BROKEN} for number in range(4)]
    console = open_console(account([*unsure, *broken]))
    first = figures_of(console.get("/").text)["Failed in the last hour"]
    assert first == f"at least 0 {READ_AT_ONCE} more went to review"  # a page reads no more; its stream reads the rest
    assert figures_of(console.get("/").text)["Failed in the last hour"] == "4 130 more went to review"
    assert "4 failures, and 130 executions whose images went to review" in text_of(console.get("/failures").text)
    described = len(console.session.asked("stepfunctions.describe_execution"))
    console.get("/")
    assert len(console.session.asked("stepfunctions.describe_execution")) == described  # each reason is read once


def test_more_failures_than_are_read_are_counted_as_at_least_so_many(open_console: Open) -> None:
    executions = [{"name": f"f{number}", "status": "FAILED", **BROKEN} for number in range(PAGES_MAX * LISTED + 1)]
    console = open_console(account(executions))
    assert figures_of(console.get("/").text)["Failed in the last hour"] == f"at least {READ_AT_ONCE}"
    assert f"The reasons of {REASONS_MAX - 2 * READ_AT_ONCE} more are still being read" in text_of(
        console.get("/failures").text
    )
    for _ in range(REASONS_MAX // READ_AT_ONCE):
        console.get("/failures")
    assert figures_of(console.get("/").text)["Failed in the last hour"] == f"at least {REASONS_MAX}"
    failures = text_of(console.get("/failures").text)
    assert f"At least {REASONS_MAX} failures" in failures
    assert f"There are more: these are the newest {REASONS_MAX}" in failures


def test_the_rows_of_failures_are_streamed(open_console: Open) -> None:
    console = open_console(account([{"name": "broken", "status": "FAILED", **BROKEN}]))
    with console.stream("/failures") as events:
        assert 'href="/executions/decide/broken"' in next(events)["live_rows"]


def test_equal_failures_are_one_row_with_their_count_and_times(open_console: Open) -> None:
    many = [
        {"name": f"gone-{n}", "status": "FAILED", **BROKEN, "cause": f"s3://images/{n}.png is not there"}
        for n in range(30)
    ]
    executions = [*many, {"name": "other", "status": "FAILED", "error": "ImageNotFound", "cause": "access denied"}]
    console = open_console(account(executions))
    page = console.get("/failures").text
    rows = rows_of(page)
    assert list(rows)[1:] == ["gone-0", "ImageNotFound : s3://images/0.png is not there", *list(rows)[3:]]
    assert rows["gone-0"][1].startswith("30 ")
    assert rows["other"][1] == "1"
    newest, first = re.findall(r'<time datetime="([^"]+)"', page)[:2]
    assert datetime.fromisoformat(newest) - datetime.fromisoformat(first) == timedelta(seconds=29)
    assert "31 failures" in text_of(page)
    (address,) = set(re.findall(r'href="(/failures[?]group=\w+)"', page))
    group = console.get(address).text
    assert len(set(re.findall(r"/executions/decide/gone-\d+", group))) == 30
    assert "/executions/decide/other" not in group
    assert "No such failure in the last hour" in console.get("/failures?group=00").text


@pytest.mark.parametrize("is_nested", [False, True])
def test_a_job_that_made_an_execution_fail_counts_with_it(open_console: Open, is_nested: bool) -> None:
    cause = json.dumps({"TrainingJobName": "bikes", "FailureReason": "bogus"})
    arn = "arn:aws:states:eu-central-1:123456789012:execution:decide:inner"
    outer = json.dumps({"ExecutionArn": arn, "Cause": cause})
    failed = [
        {"name": "outer", "status": "FAILED", "error": "States.TaskFailed", "cause": outer if is_nested else cause}
    ]
    if is_nested:
        failed.append({"name": "inner", "status": "FAILED", "error": "States.TaskFailed", "cause": cause})

    def described(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return job(TrainingJobName, "Failed", FailureReason="bogus" if TrainingJobName == "bikes" else "no data")

    now = datetime.now(UTC)
    row = {"TrainingJobName": "bikes", "TrainingJobStatus": "Failed", "CreationTime": now, "TrainingEndTime": now}
    jobs = {
        "sagemaker.list_training_jobs": {"TrainingJobSummaries": [row, {**row, "TrainingJobName": "alone"}]},
        "sagemaker.describe_training_job": described,
    }
    console = open_console(account(failed) | jobs)
    assert figures_of(console.get("/").text)["Failed in the last hour"].split()[0] == "2"
    text = text_of(console.get("/failures").text)
    assert "2 failures" in text
    assert f"bikes training job made {'inner' if is_nested else 'outer'} fail" in text
    assert "alone training job made" not in text


def test_a_cause_does_not_repeat_the_error_and_has_its_times_as_ages(open_console: Open) -> None:
    cause = {
        "errorMessage": "THRESHOLD_CONFIDENCE_NOT_MET: <0.61> since 2026-01-30T23:59:59Z, until 2999-01-01T00:00:00Z"
    }
    below = {**BELOW, "cause": json.dumps(cause)}
    console = open_console(account([{"name": "first", "status": "FAILED", **below}]))
    age = '<time datetime="2026-01-30T23:59:59.000+00:00" data-age>30 Jan 23:59:59</time>'
    for path in ("/", "/failures", "/executions/decide/first", "/state-machines/decide"):
        page = console.get(path).text
        assert f"&lt;0.61&gt; since {age}, until 2999-01-01T00:00:00Z" in page, path
        assert "THRESHOLD_CONFIDENCE_NOT_MET" not in page, path


def test_neighbors_that_failed_alike_share_a_line_of_the_overview() -> None:
    def event(number: int, cause: str) -> tuple[Event, Reason]:
        return Event(NOW, "execution of m", f"e{number}", "", "FAILED", machine="m"), Reason("Broken", cause)

    causes = ["1.png is gone", "2.png is gone", "no access", "", ""]
    shown = lines([event(number, cause) for number, cause in enumerate(causes)])
    assert [(line.event.name, line.others) for line in shown] == [("e0", 1), ("e2", 0), ("e3", 1)]


def test_successes_between_failures_do_not_push_the_failures_out() -> None:
    def event(number: int) -> tuple[Event, Reason]:
        status, reason = ("FAILED", Reason("Broken")) if number % 2 else ("SUCCEEDED", Reason())
        return Event(NOW, "execution of m", f"e{number}", "", status, machine="m"), reason

    shown = [line.status for line in mixed(lines([event(number) for number in range(40)]))]
    assert shown.count("FAILED") == shown.count("SUCCEEDED") == 6


@pytest.mark.parametrize(
    ("inferences", "sentence"),
    [
        ((0.985, 0.015), "bicycle 0.985, at least the threshold 0.93: near bay"),
        ((0.05, 0.95), "motorcycle 0.950, at least the threshold 0.93: far bay"),
        ((0.93, 0.07), "bicycle 0.930, at least the threshold 0.93: near bay"),
    ],
)
def test_a_finished_execution_says_what_was_decided(
    open_console: Open, inferences: tuple[float, ...], sentence: str
) -> None:
    executions = [{"name": "first", "status": "SUCCEEDED", "output": output(*inferences)}]
    page = open_console(account(executions)).get("/executions/decide/first").text
    assert sentence in text_of(page)
    bars = re.findall(r'<rect class="tone-class-\d" width="([\d.]+)"', page)
    assert [float(each) for each in bars] == [pytest.approx(100 * each) for each in inferences]
    assert "has the classes in this order: bicycle, motorcycle" in text_of(page)


@pytest.mark.parametrize(("confidence", "written"), [(0.61, "0.610"), (0.92996, "0.929960"), (0.9299999, "0.9299999")])
def test_an_execution_below_the_threshold_says_that_a_person_decides(
    open_console: Open, confidence: float, written: str
) -> None:
    executions = [{"name": "first", "status": "FAILED", **BELOW}]
    answers = account(executions) | {
        "stepfunctions.get_execution_history": {"events": history_of(output(confidence, 1 - confidence))}
    }
    page = open_console(answers).get("/executions/decide/first").text
    text = text_of(page)
    assert f"bicycle {written}, below the threshold 0.93: to the review queue" in text
    assert "sent to review FAILED, by design" in text
    assert "sent to review a second time" in page  # what Redrive would do


def test_an_execution_shows_its_image_or_says_why_it_cannot(open_console: Open) -> None:
    given = json.dumps({"s3_bucket": "images", "s3_key": "uploads/no-ending"})
    answers = account([{"name": "first", "status": "FAILED", "input": given, **BELOW}])
    there = open_console(answers | bucket({"uploads/no-ending": PNG})).get("/executions/decide/first").text
    assert 'class="subject" src="/objects/images/uploads/no-ending?version=' in there
    no_image = bucket({"uploads/no-ending": b"this is no image\n"})
    text = open_console(answers | no_image).get("/executions/decide/first").text
    assert "s3://images/uploads/no-ending is not a PNG, JPEG or GIF image (17 bytes)" in text_of(text)
    assert 'class="subject"' not in text
    gone = open_console(answers | bucket({})).get("/executions/decide/first").text
    assert "s3://images/uploads/no-ending is not there. S3: The specified key does not exist." in text_of(gone)
    assert 'class="subject"' not in gone


def test_an_execution_of_a_second_workflow_has_the_verdict_of_its_own_stack(open_console: Open) -> None:
    other = [each | {"OutputValue": f"{each['OutputValue']}-2"} for each in STACK["Outputs"]]
    strict = [each | ({"ParameterValue": "0.5"} if each["ParameterKey"] == "Threshold" else {}) for each in PARAMETERS]
    answers = account([{"name": "first", "status": "FAILED", **BELOW}]) | {
        "stepfunctions.get_execution_history": {"events": history_of(output(0.61, 0.39))},
        "cloudformation.describe_stacks": {
            "Stacks": [{**STACK, "Outputs": other, "Parameters": strict}, *WITH_BAYS["Stacks"]]
        },
    }
    page = open_console(answers).get("/executions/decide/first").text
    assert "bicycle 0.610, below the threshold 0.93" in text_of(page)
    assert "/review?execution" not in page  # the review is that of the first stack


def test_an_execution_of_another_machine_has_no_verdict(open_console: Open) -> None:
    answers = account([{"name": "first", "status": "SUCCEEDED", "output": output(0.9, 0.1)}])
    answers["cloudformation.describe_stacks"] = {"Stacks": []}
    assert "threshold" not in open_console(answers).get("/executions/decide/first").text


def test_the_search_pages_through_executions_and_says_where_it_ended(open_console: Open) -> None:
    def listed(maxResults: int, nextToken: str = "0", **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's names
        start = int(nextToken)
        rows = [
            {"name": f"run-{n}-x", "executionArn": "arn", "status": "SUCCEEDED", "startDate": NOW}
            for n in range(start, start + maxResults)
        ]
        return {"executions": rows, "nextToken": str(start + maxResults)}

    console = open_console(workflow_answers() | {"stepfunctions.list_executions": listed})
    assert console.get("/search?q=run-2999-").headers["location"] == "/executions/decide/run-2999-x"
    page = console.get("/search?q=run-3000-").text
    assert "Nothing has this" in page
    assert "Older executions of decide were not searched" in page
