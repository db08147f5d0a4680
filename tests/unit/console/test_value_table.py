"""The table of all values of many jobs: its pages and orders, and what it says about jobs that it leaves out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, error
from tests.unit.console.doubles import job as described
from tests.unit.console.test_figures import text_of

from console.aws.training.comparison import JOBS_MAX
from console.views.training.value_table import ROWS

JOBS = 2 * ROWS + 20
ROW = re.compile(r'<tr><td><a href="/training-jobs/(job-\d+)">')
LINK = re.compile(r'<a class="button" rel="(\w+)" href="([^"]+)"')


def account(jobs: int = JOBS, **changed: Any) -> dict[str, Any]:
    """Return the answers of an account whose jobs rise in accuracy from the first, which sets no rate."""

    def describe(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        number = int(TrainingJobName.removeprefix("job-"))
        metric = {"MetricName": "validation:accuracy", "Value": number / jobs, "Timestamp": NOW}
        parameters = {"rate": str(1 + number % 7), "layers": str(number % 2)} if number else {"layers": "0"}
        return described(TrainingJobName, HyperParameters=parameters, FinalMetricDataList=[metric])

    def names(NextToken: str = "0", MaxResults: int = 100, **_: Any) -> dict[str, Any]:  # noqa: N803
        start = int(NextToken)
        rows = [
            {"TrainingJobName": f"job-{n}", "TrainingJobStatus": "Completed", "CreationTime": NOW} for n in range(jobs)
        ]
        more = {"NextToken": str(start + MaxResults)} if start + MaxResults < jobs else {}
        return {"TrainingJobSummaries": rows[start : start + MaxResults], **more}

    return {"sagemaker.list_training_jobs": names, "sagemaker.describe_training_job": describe, **changed}


def shown(open_console: Open, query: str = "", answers: dict[str, Any] | None = None) -> str:
    """Return the table's page once all jobs have been read."""
    console = open_console(answers or account())
    with console.stream(f"/training-jobs/compare{query}") as events:
        block = next(events)["live_comparison"]
        while "have been read" in block:
            block = next(events).get("live_comparison", block)
    return block.replace("&amp;", "&")


def test_a_page_of_the_table_has_fifty_rows_and_leads_to_the_others(open_console: Open) -> None:
    page = shown(open_console, "?page=2&q=job")
    assert ROW.findall(page) == [f"job-{number}" for number in range(ROWS, 2 * ROWS)]
    assert f"{ROWS + 1} to {2 * ROWS} of {JOBS}" in text_of(page)
    previous, following = LINK.findall(page)
    assert previous == ("prev", "/training-jobs/compare?q=job&page=1#values")
    assert following == ("next", "/training-jobs/compare?q=job&page=3#values")


def test_a_head_sorts_all_jobs_and_not_the_page(open_console: Open) -> None:
    page = shown(open_console, "?sort=validation:accuracy&page=1")
    assert ROW.findall(page)[0] == f"job-{JOBS - 1}"
    assert 'aria-sort="descending"' in page
    turned = re.search(r'href="([^"]+)">validation:accuracy</a>', page)
    assert turned
    assert ROW.findall(shown(open_console, turned[1].partition("compare")[2].partition("#")[0]))[0] == "job-0"


@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_a_job_without_the_value_is_last_in_every_order(open_console: Open, order: str) -> None:
    assert ROW.findall(shown(open_console, f"?sort=rate&order={order}&page=99"))[-1] == "job-0"


def test_jobs_that_are_left_out_are_counted(open_console: Open) -> None:
    def search(**_: Any) -> dict[str, Any]:
        return {"Results": [], "TotalHits": {"Value": JOBS_MAX + 1, "Relation": "EqualTo"}}

    page = text_of(shown(open_console, answers=account(JOBS_MAX + 1, **{"sagemaker.search": search})))
    assert "1,000 jobs. There are 1,001 ; only the newest 1,000 are compared. Enter a part of the name" in page


def test_jobs_that_are_left_out_are_told_also_where_nobody_may_count_them(open_console: Open) -> None:
    denied = error("AccessDeniedException", "not authorized: sagemaker:Search")
    page = text_of(shown(open_console, answers=account(JOBS_MAX + 1, **{"sagemaker.search": denied})))
    assert "1,000 jobs. There are more: only the newest 1,000 are compared." in page


@pytest.mark.parametrize("page", ["9" * 20, "9" * 5000, "-1", "0", "two"])
def test_an_address_of_a_page_that_is_not_there_shows_one_that_is(open_console: Open, page: str) -> None:
    answer = open_console(account(7)).get(f"/training-jobs/compare?page={page}")
    assert (answer.status, len(ROW.findall(answer.text))) == (200, 7)


def test_nothing_is_told_of_jobs_that_are_all_there(open_console: Open) -> None:
    assert "are compared" not in shown(open_console, answers=account(JOBS_MAX))


def test_the_best_job_is_marked_whether_or_not_it_has_the_value_of_the_x_axis(open_console: Open) -> None:
    answers = account(8)
    describe = answers["sagemaker.describe_training_job"]

    def unset(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        best = {"MetricName": "validation:accuracy", "Value": 1.0, "Timestamp": NOW}
        own = describe(TrainingJobName)
        return {**own, "FinalMetricDataList": [best]} if TrainingJobName == "job-0" else own

    page = open_console(answers | {"sagemaker.describe_training_job": unset}).get("/training-jobs/compare?x=rate").text
    assert "Best validation:accuracy: 1 (last value), by job-0 , with layers 0 ." in text_of(page)
    assert "; the best is green; dotted where a value is not set" in page


def test_all_jobs_that_tie_are_green(open_console: Open) -> None:
    def describe(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        number = int(TrainingJobName.removeprefix("job-"))
        metric = {"MetricName": "validation:accuracy", "Value": max(0.5, number // 6), "Timestamp": NOW}
        parameters = {"rate": str(number), "layers": str(number % 2)}
        return described(TrainingJobName, HyperParameters=parameters, FinalMetricDataList=[metric])

    page = open_console(account(8, **{"sagemaker.describe_training_job": describe})).get("/training-jobs/compare")
    assert "; the 2 that tie for the best are green" in page.text
    assert page.text.count("curve tone-good is-best") == 2 * 2  # wide and narrow
    assert "A tie: job-6 , job-7 have the same validation:accuracy, 1 ." in text_of(page.text)


def test_what_has_one_value_or_none_has_no_axis(open_console: Open) -> None:
    """An axis was spent on a hyperparameter that a single job set: all lines met at its value."""

    def describe(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        number = int(TrainingJobName.removeprefix("job-"))
        metric = {"MetricName": "validation:accuracy", "Value": number / 10, "Timestamp": NOW}
        parameters = {"rate": str(number), "layers": str(number % 2)} | ({"alone": "1"} if number == 3 else {})
        return described(TrainingJobName, HyperParameters=parameters, FinalMetricDataList=[metric])

    page = open_console(account(8, **{"sagemaker.describe_training_job": describe})).get("/training-jobs/compare").text
    charts = re.findall(r"Each as a line across ([^\"<]*)", page)
    assert charts == ["layers, rate, validation:accuracy"] * 2
    assert ">alone</a>" in page, "its values are in the table"
