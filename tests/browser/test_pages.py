"""Every page in a real Chromium: light and dark, wide and on a telephone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import DEADLINE_MS, LETTERS_MIN_PX, Shown, measured

SIZES = {"wide": (1280, 900), "telephone": (390, 844)}
PLACES = (
    "/",
    "/failures",
    "/training-jobs",
    "/training-jobs/compare",
    "/endpoints",
    "/state-machines",
    "/pipelines",
    "/models",
    "/monitoring",
    "/queues",
)
MORE_PLACES = ("/review", "/logs", "/upload", "/search?q=bicycle")
# The first link of each of these pages leads to a page of another kind.
LISTS = {
    "/training-jobs": "main table a[href^='/training-jobs/']",
    "/endpoints": "main table a[href^='/endpoints/']",
    "/state-machines": "main table a[href^='/state-machines/'][href$='-classify']",
    "/models": "main table a",
    "/monitoring": "main table a[href^='/drift/']",
    "/logs": "main table a",
    "/": "main a[href^='/executions/']",
}
HEIGHTS = "each => each.map(one => one.getBoundingClientRect().height)"
LINE_MAX_PX = 28  # of 14 px letters: two lines are 42 px
pytestmark = pytest.mark.slow


@pytest.fixture(params=[(scheme, size) for scheme in ("light", "dark") for size in SIZES], ids="-".join)
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Open a page that fails the test for an error on its console or a request to another host."""
    scheme, size = request.param
    width, height = SIZES[size]
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": height})
    page.set_default_timeout(DEADLINE_MS)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda sent: problems.append(sent.url) if not _is_own(sent.url) else None)
    yield page
    page.close()
    assert problems == []


def test_every_page_works_and_fits(shown: Shown, page: Page) -> None:
    addresses = [*PLACES, *MORE_PLACES, *filter(None, (_first(page, shown, *each) for each in LISTS.items()))]
    assert len(addresses) >= len(PLACES) + len(MORE_PLACES) + 4
    for address in addresses:
        answer = page.goto(shown.url + address)
        assert answer is not None
        assert answer.status == 200, address
        page.wait_for_selector("main:not(:has(h1:empty))")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address


def test_axe_finds_nothing_serious(shown: Shown, page: Page) -> None:
    addresses = [*PLACES, *MORE_PLACES, *filter(None, (_first(page, shown, *each) for each in LISTS.items()))]
    for address in addresses:
        page.goto(shown.url + address)
        violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        serious = [each["id"] for each in violations if each["impact"] in ("serious", "critical")]
        assert serious == [], address


def test_keys_go_to_pages_search_and_help(shown: Shown, page: Page) -> None:
    page.goto(shown.url)
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/endpoints")
    page.keyboard.press("?")
    assert page.locator("dialog[open]").count() == 1
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("classify")
    assert page.locator("#search").input_value() == "classify"


def test_a_status_stays_on_one_line(shown: Shown, page: Page) -> None:
    for address in ("/", "/training-jobs", "/endpoints"):
        page.goto(shown.url + address)
        heights = measured(page, ".rows td:not(:first-child) .status", HEIGHTS)
        assert heights, address
        assert max(heights) <= LINE_MAX_PX, address


def test_the_letters_of_a_large_graph_are_legible_once_it_is_enlarged(shown: Shown, page: Page) -> None:
    address = _first(page, shown, "/state-machines", "main table a[href$='-train-and-deploy']")
    page.goto(f"{shown.url}{address}")
    expect(page.locator(".graph svg")).to_have_attribute("style", re.compile("min-width"))
    _enlarge(page)
    expect(page.locator("[data-enlarge]")).to_have_text("Fit")
    heights = measured(page, ".graph .name", HEIGHTS)
    assert min(heights) >= LETTERS_MIN_PX


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_a_graph_that_is_enlarged_is_on_the_screen(shown: Shown, page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    address = _first(page, shown, "/state-machines", "main table a[href$='-train-and-deploy']")
    page.goto(f"{shown.url}{address}")
    _enlarge(page)
    expect(page.locator("[data-enlarge]")).to_have_text("Fit")
    top, bottom = measured(
        page,
        ".graph",
        """([graph]) => {
            graph.parentElement.scrollIntoView({ block: 'start' });
            return [graph.getBoundingClientRect().top, graph.getBoundingClientRect().bottom];
        }""",
    )
    assert 0 <= top < bottom <= height


def _enlarge(page: Page) -> None:
    """Enlarge the graph; on a telephone it is large from the beginning."""
    button = page.locator("[data-enlarge]")
    expect(button).to_be_visible()
    if button.text_content() == "Enlarge":
        button.click()


def test_every_graph_is_shown_whole_at_first_on_a_wide_screen(shown: Shown, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{shown.url}/state-machines")
    links = page.locator("main table td:first-child a[href^='/state-machines/']")
    addresses = links.evaluate_all("all => all.map(each => each.getAttribute('href'))")
    assert len(addresses) >= 4
    for address in addresses:
        page.goto(f"{shown.url}{address}")
        expect(page.locator(".graph svg")).to_have_attribute("style", re.compile("min-width"))
        cut = measured(
            page,
            ".graph",
            "([graph]) => Math.max(graph.scrollWidth - graph.clientWidth, graph.scrollHeight - graph.clientHeight)",
        )
        assert cut <= 0, address


def _first(page: Page, shown: Shown, address: str, selector: str) -> str | None:
    page.goto(shown.url + address)
    links = page.locator(selector)
    return links.first.get_attribute("href") if links.count() else None


def _is_own(url: str) -> bool:
    return re.match(r"(http://127\.0\.0\.1:\d+/|data:)", url) is not None
