"""The report that the workflow leaves, opened as a file."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from tests.browser.conftest import Shown
from tests.browser.test_pages import SIZES

MARK_MAX_PX = 14  # as high as the text beside it
PICTURE_MAX_PX = 64  # seven beside each other on A4

MARKS_APART = """() => [...document.querySelectorAll('.key')].filter(key => {
  const words = document.createRange()
  words.selectNodeContents(key.lastChild)
  const mark = key.querySelector('svg'), first = words.getClientRects()[0]
  if (!mark) return key.getClientRects()[0].bottom < first.top + 2
  return mark.getBoundingClientRect().bottom < first.top || mark.getBoundingClientRect().top > first.bottom
}).map(key => key.textContent)"""

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


def test_a_mark_stays_beside_its_word_on_a_telephone(browser: Browser, shown: Shown) -> None:
    """The mark of a class was once left at the end of a line, above its word."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(shown.report.as_uri())
    apart = []
    for indent in range(0, 360, 20):  # wherever the line ends
        page.add_style_tag(content=f"figcaption b {{ display: inline-block; min-width: {indent}px }}")
        apart += page.evaluate(MARKS_APART)
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert apart == []
    assert wide <= 390


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
