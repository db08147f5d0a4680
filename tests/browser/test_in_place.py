"""What scripts add to pages, over a double of AWS: questions in place, and signs of what is out of sight."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import DEADLINE_MS
from tests.unit.console.conftest import Console, Open, open_console
from tests.unit.console.doubles import job, log
from tests.unit.console.test_kept_epochs import account
from tests.unit.console.test_path import long_named

from console.server import HOST

JOB = {"sagemaker.describe_training_job": job(status="Failed"), "sagemaker.delete_training_job": {}, **log("ERROR")}
MANY = {f"job-{number}": (0.5, 0.5 + number / 20) for number in range(8)}
__all__ = ["open_console"]
pytestmark = pytest.mark.slow


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(DEADLINE_MS)
    yield page
    page.close()


def address(console: Console, path: str) -> str:
    return f"http://{HOST}:{console.port}{path}"


def test_a_question_is_asked_above_the_page(open_console: Open, page: Page) -> None:
    console = open_console(JOB)
    page.goto(address(console, "/training-jobs/bikes"))
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog = page.get_by_role("dialog", name="Delete the training job bikes?")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_text("Cancel")).to_be_focused()
    violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [each["id"] for each in violations] == []
    for key in "?gt":  # keys are for the page, which is out of reach
        page.keyboard.press(key)
    expect(dialog.get_by_text("Cancel")).to_be_focused()
    assert page.evaluate("document.documentElement.dataset.theme") is None
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_focused()
    assert console.session.asked("sagemaker.delete_training_job") == []
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete it").click()
    page.wait_for_url("**/training-jobs")
    assert len(console.session.asked("sagemaker.delete_training_job")) == 1


def test_cancel_leaves_the_page_as_it_is(open_console: Open, page: Page) -> None:
    console = open_console(JOB)
    page.goto(address(console, "/training-jobs/bikes"))
    page.evaluate("window.isTheSame = true")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_text("Cancel").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate("window.isTheSame")


def test_without_scripts_the_question_is_a_page(open_console: Open, browser: Browser) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(address(open_console(JOB), "/training-jobs/bikes"))
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading")).to_have_text("Delete the training job bikes?")
    page.close()


def test_a_refusal_is_shown_as_its_page(open_console: Open, page: Page) -> None:
    console = open_console(JOB)
    page.goto(address(console, "/training-jobs/bikes"))
    page.route("**/delete", lambda route: route.fulfill(status=403, body="<h1>Not allowed here</h1>"))
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", name="Not allowed here")).to_be_visible()


def test_a_table_that_is_cut_off_says_so(open_console: Open, page: Page) -> None:
    page.goto(address(open_console(account(MANY)), "/training-jobs/compare"))
    table, hint = page.get_by_role("region", name="All values of all jobs"), page.locator(".scroll-hint")
    expect(hint).to_be_visible()
    table.focus()
    expect(table).to_be_focused()
    table.evaluate("frame => { frame.scrollLeft = frame.scrollWidth; }")
    expect(hint).to_be_hidden()
    page.set_viewport_size({"width": 1440, "height": 900})
    table.evaluate("frame => { frame.scrollLeft = 0; }")
    expect(hint).to_be_hidden()


def test_long_names_of_executions_fit_a_telephone(open_console: Open, page: Page) -> None:
    answers = long_named()
    described = answers["stepfunctions.describe_execution"]
    described |= {"status": "FAILED", "error": "ThresholdConfidenceNotMet", "cause": "0.9 is below the threshold"}
    page.goto(address(open_console(answers), "/state-machines/decide"))
    expect(page.get_by_text("sent to review")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
