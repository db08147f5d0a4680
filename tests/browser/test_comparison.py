"""Two training jobs side by side: the first line, the figures, and a telephone's width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from tests.browser.conftest import DEADLINE_MS, Shown, measured
from tests.browser.test_journeys import last_job

TELEPHONE = ViewportSize(width=390, height=844)
NAME = "compared"
RIGHT_ENDS = "cells => cells.map(cell => cell.getBoundingClientRect().right)"
ACCURACY = re.compile(r"Validation-accuracy=(\S+)")
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Pair:
    """Two jobs by name, each with the validation accuracy of the epoch that it kept, as AWS's logs have it."""

    address: str
    kept: dict[str, float]


@pytest.fixture(scope="module")
def pair(shown: Shown) -> Pair:
    """Train once more, with another learning rate."""
    job, sagemaker = last_job(shown), shown.client("sagemaker")
    names = ("AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig")
    request = {name: job[name] for name in (*names, "StoppingCondition")}
    parameters = {**job["HyperParameters"], "learning_rate": "0.00005", "epochs": "2"}
    sagemaker.create_training_job(TrainingJobName=NAME, HyperParameters=parameters, **request)
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=NAME, WaiterConfig={"Delay": 2, "MaxAttempts": 300})
    jobs = (job["TrainingJobName"], NAME)
    address = f"{shown.url}/training-jobs/compare?name={jobs[0]}&name={jobs[1]}"
    return Pair(address, {name: kept_accuracy(shown, name) for name in jobs})


def kept_accuracy(shown: Shown, name: str) -> float:
    group = "/aws/sagemaker/TrainingJobs"
    answer = shown.client("logs").filter_log_events(logGroupName=group, logStreamNamePrefix=f"{name}/")
    matches = [ACCURACY.search(event["message"]) for event in answer["events"]]
    return max(float(match[1]) for match in matches if match)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.set_default_timeout(DEADLINE_MS)
    yield page
    page.close()


def test_the_first_line_names_the_better_of_the_kept_models(pair: Pair, page: Page) -> None:
    page.goto(pair.address)
    old, new = pair.kept.values()
    words = "Both models are equally good" if old == new else f"The {'new' if new > old else 'old'} model is better"
    expect(page.locator(".lead b").first).to_have_text(words)
    cells = page.locator(".differences tbody tr").first.locator("td[data-label] span").all_inner_texts()
    assert [cell.split(" ")[0] for cell in cells] == [f"{value:.4g}" for value in (old, new)]


def test_the_list_has_the_figure_of_each_kept_model(pair: Pair, shown: Shown, page: Page) -> None:
    page.goto(f"{shown.url}/training-jobs")
    for name, value in pair.kept.items():
        row = page.locator(f"tr:has(a[href='/training-jobs/{name}'])")
        expect(row.locator("td.number").first).to_contain_text(f"{value:.4g}epoch")


def test_the_difference_is_seen_on_a_telephone_without_scrolling(pair: Pair, shown: Shown, page: Page) -> None:
    page.set_viewport_size(TELEPHONE)
    page.goto(pair.address)
    ends = measured(page, ".differences td", RIGHT_ENDS)
    assert ends
    assert max(ends) <= TELEPHONE["width"]
    page.goto(f"{shown.url}/training-jobs")
    assert max(measured(page, ".jobs td", RIGHT_ENDS)) <= TELEPHONE["width"]


def test_the_difference_has_its_column_on_a_wide_screen(pair: Pair, page: Page) -> None:
    page.goto(pair.address)
    expect(page.locator(".differences thead .difference")).to_have_text("new minus old")
    expect(page.locator(".differences thead .difference")).to_be_visible()
