"""What scripts add to pages, over a double of AWS: questions in place, and signs of what is out of sight."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import DEADLINE_MS, LETTERS_MIN_PX, measured
from tests.unit.console.conftest import Console, Open, open_console
from tests.unit.console.doubles import job, log, machine_answers
from tests.unit.console.test_decisions import BELOW, BROKEN
from tests.unit.console.test_decisions import account as execution_account
from tests.unit.console.test_kept_epochs import account
from tests.unit.console.test_path import long_named

from console.server import HOST

JOB = {"sagemaker.describe_training_job": job(status="Failed"), "sagemaker.delete_training_job": {}, **log("ERROR")}
MANY = {f"job-{number}": (0.5, 0.5 + number / 20) for number in range(8)}
BOXES = "all => all.map(each => each.getBoundingClientRect()).map(box => [box.top, box.bottom])"
TOPS_AND_SIZES = "all => all.map(a => [a.getBoundingClientRect().top, parseFloat(getComputedStyle(a).fontSize)])"
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


def test_a_refusal_is_shown_though_the_live_page_has_replaced_the_button(open_console: Open, page: Page) -> None:
    page.goto(address(open_console(JOB), "/training-jobs/bikes"))
    page.route("**/delete", lambda route: route.fulfill(status=403, body="<h1>Not allowed here</h1>"))
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_visible()
    measured(
        page,
        "[data-live] button",
        """buttons => {
            const button = buttons.find(each => each.textContent.trim() === 'Delete');
            const block = button.closest('[data-live]');
            button.click();
            block.innerHTML = block.innerHTML;
        }""",
    )
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


def log_of(page: Page) -> dict[str, float]:
    """Return how far the log is scrolled, and the most that it can be."""
    scrolled = "([log]) => ({top: log.scrollTop, most: log.scrollHeight - log.clientHeight})"
    return dict(measured(page, "pre.log", scrolled))


def test_the_log_of_a_running_job_opens_at_its_end_and_has_a_way_to_its_start(open_console: Open, page: Page) -> None:
    lines = log(*(f"line {number}" for number in range(300)))
    console = open_console({"sagemaker.describe_training_job": job(status="InProgress"), **lines})
    for path in ("/training-jobs/bikes", "/logs?group=g&stream=bikes/algo-1"):
        page.goto(address(console, path))
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
        at = log_of(page)
        assert at["most"] > 0
        assert at["top"] == pytest.approx(at["most"], abs=2)
        page.get_by_role("button", name="Start", exact=True).click()
        assert log_of(page)["top"] == 0
        page.get_by_role("button", name="End", exact=True).click()
        assert log_of(page)["top"] > 0


def test_the_log_of_a_failed_job_opens_at_its_failure(open_console: Open, page: Page) -> None:
    lines = [f"line {number}" for number in range(300)]
    lines[150] = "RuntimeError: no data"
    page.goto(
        address(
            open_console({"sagemaker.describe_training_job": job(status="Failed"), **log(*lines)}),
            "/training-jobs/bikes",
        )
    )
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    (log_top, log_bottom), (top, bottom) = measured(page, "pre.log, #failure", BOXES)
    assert log_top < top < bottom < log_bottom


@pytest.mark.parametrize("path", ["/state-machines/train", "/executions/train/first"])
def test_a_large_graph_is_legible_on_a_telephone(open_console: Open, page: Page, path: str) -> None:
    names = [f"Branch{number}" for number in range(6)]
    branches = [{"Variable": "$.x", "NumericEquals": n, "Next": name} for n, name in enumerate(names)]
    states = {name: {"Type": "Pass", "End": True} for name in names}
    wide = {"StartAt": "Choose", "States": {"Choose": {"Type": "Choice", "Choices": branches}, **states}}
    answers = machine_answers(events=[])
    answers["stepfunctions.list_state_machines"]["stateMachines"][0]["name"] = "train"
    answers["stepfunctions.describe_state_machine"]["definition"] = json.dumps(wide)
    page.goto(address(open_console(answers), path))
    expect(page.locator("[data-enlarge]")).to_have_text("Fit")
    heights = measured(page, ".graph .name", "all => all.map(each => each.getBoundingClientRect().height)")
    assert min(heights) >= LETTERS_MIN_PX
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_long_names_are_one_line_on_a_telephone(open_console: Open, page: Page) -> None:
    name = "f0ffb50c-0152-48b9-98cb-8a24f06c337a_7af7aead-3bf1-4a5d-b470-b335e0c21fb5"
    console = open_console(execution_account([{"name": name, "status": "FAILED", **BROKEN}]))
    for path in ("/", "/failures"):
        page.goto(address(console, path))
        link = page.locator(f"main a[title='{name}']").first
        expect(link).to_have_text("f0ffb50c-0152…b335e0c21fb5")
        lines = measured(page, f"main a[title='{name}']", "links => links[0].getClientRects().length")
        assert 0 < lines <= 2


def test_real_failures_come_before_those_by_design_which_are_quieter(open_console: Open, page: Page) -> None:
    executions = [{"name": "unsure", "status": "FAILED", **BELOW}, {"name": "broken", "status": "FAILED", **BROKEN}]
    console = open_console(execution_account(executions))
    for path in ("/", "/failures"):
        page.goto(address(console, path))
        expect(page.locator("main a[href$='/unsure']").first).to_be_visible()
        links = "main a[href$='/broken'], main a[href$='/unsure']"
        (first, loud), (second, quiet) = measured(page, links, TOPS_AND_SIZES)
        assert first < second
        assert quiet < loud
