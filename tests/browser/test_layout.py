"""Wide tables and charts in a real Chromium, over a double of AWS: nothing lies on its neighbor, nothing is cut off."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.conftest import DEADLINE_MS, LETTERS_MIN_PX, measured
from tests.unit.console.conftest import Console, Open, open_console  # noqa: F401 - a fixture
from tests.unit.console.doubles import endpoint_answers
from tests.unit.console.test_changes import STACK
from tests.unit.console.test_drift import FILES, RUNS, answers
from tests.unit.console.test_endpoints import FILES as CAPTURED
from tests.unit.console.test_side_by_side import jobs_of

TELEPHONE, TABLET, WIDE = 390, 1024, 1440
VIOLATIONS = "monitoring/bikes/runs/bikes-monitor-2/constraint_violations.json"
LONG = "the share of images that are to the network stranger than others " * 4
FINDING = {"feature_name": "brightness", "constraint_check_type": "baseline_drift_check", "description": LONG}
TOO_WIDE = "all => all.filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.className)"
DRAWINGS = """all => all.map(drawing => {
  const boxes = selector => [...drawing.querySelectorAll(selector)].map(each => each.getBoundingClientRect());
  const seen = selector => boxes(selector).filter(box => box.width);
  return {
    shown: seen(":scope > svg").length,
    letters: seen("text").map(box => box.height),
    ends: seen("svg :is(text, circle, path, line)").map(box => [box.left, box.right]),
  };
})"""
pytestmark = pytest.mark.slow


@pytest.fixture(params=[TELEPHONE, TABLET, WIDE])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": request.param, "height": 900})
    page.set_default_timeout(DEADLINE_MS)
    yield page
    page.close()


def opened(page: Page, console: Console, path: str) -> None:
    page.goto(f"http://127.0.0.1:{console.port}{path}")


def test_long_findings_stay_in_their_place(open_console: Open, page: Page) -> None:  # noqa: F811
    files = {**FILES, VIOLATIONS: json.dumps({"violations": [FINDING]}).encode()}
    opened(page, open_console(answers(files, RUNS)), "/drift/bikes")
    assert page.locator(".findings").count() > 0
    assert measured(page, "main section", TOO_WIDE) == []


@pytest.mark.parametrize("path", ["/training-jobs/compare", "/endpoints/bikes"])
def test_each_chart_is_whole_within_its_page(open_console: Open, page: Page, path: str) -> None:  # noqa: F811
    account = jobs_of("0.1", "0.01", "auto") | endpoint_answers(CAPTURED)
    opened(page, open_console(account | {"cloudformation.describe_stacks": {"Stacks": [STACK]}}), path)
    drawings = measured(page, ".drawings", DRAWINGS)
    assert drawings
    width = (page.viewport_size or {"width": 0})["width"]
    for drawing in drawings:
        assert drawing["shown"] == 1
        assert min(drawing["letters"]) >= LETTERS_MIN_PX
        assert all(left >= 0 and right <= width for left, right in drawing["ends"])
