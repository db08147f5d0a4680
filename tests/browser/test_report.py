"""The report that the workflow leaves, opened as a file."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from tests.browser.conftest import Shown
from tests.browser.test_pages import SIZES

MARK_MAX_PX = 14  # as high as the text beside it
PICTURE_MAX_PX = 64  # seven beside each other on A4

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


def test_a_report_is_printed_on_white_with_small_pictures(browser: Browser, shown: Shown) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(shown.report.as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    heights = page.locator(".gallery img").evaluate_all("images => images.map(image => image.height)")
    page.close()
    assert background == "rgb(255, 255, 255)"
    assert heights
    assert max(heights) <= PICTURE_MAX_PX
