"""The page of a captured record in a real Chromium, over a double of AWS."""

from __future__ import annotations

import base64
import io

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import DEADLINE_MS
from tests.unit.console.conftest import Open, open_console  # noqa: F401 - a fixture
from tests.unit.console.doubles import bucket
from tests.unit.console.test_captured_record import account, direct

pytestmark = pytest.mark.slow


def picture() -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(body, "PNG")
    return body.getvalue()


def opened(browser: Browser, width: int, problems: list[str]) -> Page:
    """Return a page that notes errors on its console, and what is not found."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(DEADLINE_MS)
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("response", lambda answer: problems.append(answer.url) if answer.status >= 400 else None)
    return page


@pytest.mark.parametrize("width", [320, 1440])
def test_a_picture_that_no_execution_sent_leads_to_a_page_of_the_console(
    browser: Browser,
    open_console: Open,  # noqa: F811
    width: int,
) -> None:
    problems: list[str] = []
    page = opened(browser, width, problems)
    line = direct(endpointInput={"data": base64.b64encode(picture()).decode()})
    page.goto(f"http://127.0.0.1:{open_console(account(line)).port}/endpoints/bikes")
    page.locator(".gallery a").click()
    expect(page.locator("h1")).to_contain_text("bicycle 0.9000")
    expect(page.locator("main")).to_contain_text("image/png")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.locator("img.captured").evaluate("image => image.naturalWidth") == 32
    page.goto(page.locator("img.captured").evaluate("image => image.src"))  # the browser has kept the image
    expect(page.locator("h1")).to_contain_text("bicycle 0.9000")
    violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [each["id"] for each in violations] == []
    assert problems == []
    page.close()


def test_an_image_that_is_opened_alone_makes_no_error(browser: Browser, open_console: Open) -> None:  # noqa: F811
    problems: list[str] = []
    page = opened(browser, 1440, problems)
    page.goto(f"http://127.0.0.1:{open_console(bucket({'a.png': picture()})).port}/objects/images/a.png")
    expect(page.locator("img")).to_have_count(1)
    assert problems == []
    page.close()
