"""The smallest telephones and the widest rows, over a double of AWS: nothing is cut off, or alone in its row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect
from tests.browser.conftest import DEADLINE_MS, measured
from tests.unit.console.conftest import Console, Open, open_console  # noqa: F401 - a fixture
from tests.unit.console.doubles import PNG, Answers, endpoint_answers
from tests.unit.console.test_changes import STACK
from tests.unit.console.test_decisions import BELOW, BROKEN, account
from tests.unit.console.test_drift import FILES, MACHINE, answers
from tests.unit.console.test_endpoints import FILES as CAPTURED
from tests.unit.console.test_side_by_side import jobs_of

SMALLEST, TELEPHONE, WIDE = 320, 390, 1440
MONITORED = {
    "Stacks": [
        {**STACK, "Outputs": [*STACK["Outputs"], {"OutputKey": "MonitorStateMachineArn"} | {"OutputValue": MACHINE}]}
    ]
}
EVENT = "f0ffb50c-0152-48b9-98cb-8a24f06c337a_7af7aead-3bf1-4a5d-b470-b335e0c21fb5"
TOPS = "all => [...new Set(all.map(each => Math.round(each.getBoundingClientRect().top)))]"
BOXES = "all => all.map(each => each.getBoundingClientRect()).map(box => [box.top, box.bottom])"
pytestmark = pytest.mark.slow


def full() -> Answers:
    """Return an account with long names, failures of all kinds, an endpoint in service, and an alarm."""
    now = datetime.now(UTC)
    described = {**endpoint_answers({})["sagemaker.describe_endpoint"], "CreationTime": now, "LastModifiedTime": now}
    executions = [
        {"name": EVENT, "status": "SUCCEEDED"},
        {"name": f"bicycle_s_001154-{EVENT[:8]}-0234", "status": "FAILED", **BELOW},
        {"name": f"motorcycle-{EVENT}"[:80], "status": "FAILED", **BROKEN},
        *({"name": f"load-{number}", "status": "SUCCEEDED"} for number in range(24)),
    ]
    job = {"TrainingJobName": "scones-vehicles-run-e0a098f6", "TrainingJobStatus": "Failed", "CreationTime": now}
    alarm = {"AlarmName": "scones-unlimited-drift", "StateValue": "ALARM", "StateReason": "Threshold Crossed"}
    return (
        account(executions)
        | endpoint_answers({**CAPTURED, "a b.png": PNG})
        | {
            "cloudformation.describe_stacks": MONITORED,
            "sagemaker.list_endpoints": {"Endpoints": [described]},
            "sagemaker.list_training_jobs": {
                "TrainingJobSummaries": [{**job, "TrainingEndTime": now + timedelta(seconds=9)}]
            },
            "cloudwatch.describe_alarms": {"MetricAlarms": [{**alarm, "StateUpdatedTimestamp": now}]},
        }
    )


class Window:
    """A page of a width, in which a console's pages are opened."""

    def __init__(self, browser: Browser, console: Console, width: int, path: str) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 900})
        self.page.set_default_timeout(DEADLINE_MS)
        self.page.goto(f"http://127.0.0.1:{console.port}{path}")

    def boxes(self, selector: str) -> list[list[float]]:
        """Return the top and the bottom of each element."""
        return list(measured(self.page, selector, BOXES))


@pytest.mark.parametrize("path", ["/", "/training-jobs", "/failures", "/state-machines", "/endpoints", "/search?q=o"])
def test_a_page_fits_the_smallest_telephone(browser: Browser, open_console: Open, path: str) -> None:  # noqa: F811
    account = full() | (jobs_of("0.1", "0.01") if path == "/training-jobs" else {})
    page = Window(browser, open_console(account), SMALLEST, path).page
    assert page.locator("main .rows tr").count() > 1
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.close()


@pytest.mark.parametrize("path", ["/", "/endpoints/bikes", "/drift/bikes"])
def test_the_figures_of_a_wide_page_are_in_one_row(browser: Browser, open_console: Open, path: str) -> None:  # noqa: F811
    account = full() if path != "/drift/bikes" else answers({**FILES, **CAPTURED})
    page = Window(browser, open_console(account), WIDE, path).page
    assert page.locator(".figure").count() > 4
    assert len(measured(page, ".figure", TOPS)) == 1
    page.close()


def test_what_is_in_service_comes_first_on_a_telephone(browser: Browser, open_console: Open) -> None:  # noqa: F811
    window = Window(browser, open_console(full()), TELEPHONE, "/")
    (((service, _)), ((events, _))) = (
        window.boxes(f"h2:is({which})")[0] for which in ("#health", ".is-overview > :first-child > h2")
    )
    assert service < events
    assert window.page.locator("small:text-matches('^took '):visible").count() > 0
    window.page.close()


@pytest.mark.parametrize("width", [TELEPHONE, WIDE])
def test_a_heading_that_a_link_leads_to_is_in_sight(browser: Browser, open_console: Open, width: int) -> None:  # noqa: F811
    window = Window(browser, open_console(full()), width, "/endpoints/bikes?order=least#captures")
    (header,) = window.boxes(".top" if width == WIDE else ".places")
    ((top, _),) = window.boxes("#captures")
    assert top >= header[1]
    window.page.close()


def test_words_are_in_the_place_of_an_image_that_cannot_be_shown(browser: Browser, open_console: Open) -> None:  # noqa: F811
    console = open_console(full())  # its images have the first bytes of a PNG, and no more
    for path in ("/endpoints/bikes", f"/executions/decide/{EVENT}"):
        page = Window(browser, console, WIDE, path).page
        expect(page.locator("main .no-image").first).to_have_text("no image")
        expect(page.locator("main img")).to_have_count(0)
        page.close()


def test_the_name_of_the_threshold_lies_on_no_decision(browser: Browser, open_console: Open) -> None:  # noqa: F811
    window = Window(browser, open_console(full()), WIDE, "/endpoints/bikes")
    name = window.boxes(".drawings > svg:first-child .threshold-name")[0]
    markers = window.boxes(".drawings > svg:first-child .marker")
    assert markers
    assert all(bottom <= name[0] or top >= name[1] - 1 for top, bottom in markers)
    window.page.close()
