"""The report that the workflow leaves, opened as a file."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from tests.browser.conftest import Shown
from tests.browser.test_pages import SIZES

MARK_MAX_PX = 14  # as high as the text beside it

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", SIZES)
def test_the_marks_of_a_key_are_as_small_as_its_text(browser: Browser, shown: Shown, size: str) -> None:
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(shown.report.as_uri())
    marks = page.locator(".key svg").evaluate_all("marks => marks.map(mark => mark.getBoundingClientRect().height)")
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert marks
    assert max(marks) <= MARK_MAX_PX
    assert wide <= width
