"""A real Chromium visits an attacker's page, under a foreign name, while a local cloud runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright
from tests.attacks.pages import ENCTYPES, EVENTS, FETCH, FRAME, IMAGES, SOCKET, acting_urls, fetches, form, web_server
from tests.attacks.tally import Tally
from tests.attacks.victim import BUCKET, KEY, Cloud

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EVIL, PUBLIC = "evil.example", "localhost.localstack.cloud"
DEADLINE_MS = 60_000
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None and os.environ.get("CI"):
        pytest.fail("CI has no Chromium: run ci/chromium.sh")
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH: install the package chromium")
    names = f"MAP {EVIL} 127.0.0.1, MAP {PUBLIC} 127.0.0.1"
    # root cannot have Chromium's sandbox; the pages are ours
    arguments = [f"--host-resolver-rules={names}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=DEADLINE_MS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def web() -> Iterator[int]:
    with web_server() as port:
        yield port


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.set_default_timeout(DEADLINE_MS)
    yield page
    page.close()


def bases(cloud: Cloud) -> list[tuple[str, str]]:
    """Every port, by each name that leads to it."""
    hosts = ("127.0.0.1", "localhost", PUBLIC)
    return [(name, f"http://{host}:{port}") for name, port in cloud.ports.items() for host in hosts]


def assert_unharmed(cloud: Cloud, tally: Tally, attack: str, tried: int) -> None:
    harm = cloud.harm()
    tally.tried[f"pages in Chromium: {attack}"] += tried - 1
    tally.add(f"pages in Chromium: {attack}", str(harm), bool(harm))
    assert harm == []


def test_images_of_a_foreign_page_do_nothing(cloud: Cloud, tally: Tally, page: Page, web: int) -> None:
    urls = [url for name, base in bases(cloud) for url in acting_urls(name, base)]
    page.goto(f"http://{EVIL}:{web}/")
    page.evaluate(IMAGES, urls)
    assert_unharmed(cloud, tally, "images", len(urls))


@pytest.mark.parametrize("enctype", ENCTYPES)
def test_forms_of_a_foreign_page_do_nothing(cloud: Cloud, tally: Tally, page: Page, web: int, enctype: str) -> None:
    targets = [base + path for _, base in bases(cloud) for path in ("/", f"/{BUCKET}")]
    for target in targets:
        page.goto(f"http://{EVIL}:{web}/")
        page.set_content(form(target, enctype))
        with page.expect_navigation() as navigation:
            page.evaluate("document.forms[0].submit()")
        answer = navigation.value
        assert answer is None or answer.status == 403, target
    assert_unharmed(cloud, tally, f"forms, {enctype}", len(targets))


def test_fetches_and_beacons_of_a_foreign_page_do_nothing(cloud: Cloud, tally: Tally, page: Page, web: int) -> None:
    calls = [call for _, base in bases(cloud) for call in fetches(base)]
    page.goto(f"http://{EVIL}:{web}/")
    for call in calls:
        answer = page.evaluate(FETCH, list(call))
        assert answer == "opaque 0" or "TypeError" in answer, (call, answer)  # neither readable nor allowed
    for _, base in bases(cloud):
        page.evaluate("url => navigator.sendBeacon(url, 'Action=CreateQueue&QueueName=harm')", f"{base}/")
        page.evaluate(
            "url => navigator.sendBeacon(url, new URLSearchParams('Action=CreateQueue&QueueName=harm'))", f"{base}/"
        )
    assert_unharmed(cloud, tally, "fetch and sendBeacon", len(calls) + 2 * len(bases(cloud)))


def test_navigations_of_a_foreign_page_do_nothing(cloud: Cloud, tally: Tally, page: Page, web: int) -> None:
    urls = [url for name, base in bases(cloud) for url in acting_urls(name, base)]
    page.goto(f"http://{EVIL}:{web}/")
    for url in urls:
        page.evaluate(FRAME, url)
    for url in urls:
        page.goto(f"http://{EVIL}:{web}/")
        page.set_content(f'<a id="link" rel="noreferrer" href="{url}">click</a>')
        with suppress(Error), page.expect_navigation() as navigation:
            page.click("#link")
        answer = navigation.value
        assert answer is not None
        assert answer.status == 403, url
    assert_unharmed(cloud, tally, "frames and links", 2 * len(urls))


def test_sockets_of_a_foreign_page_do_not_open(cloud: Cloud, tally: Tally, page: Page, web: int) -> None:
    page.goto(f"http://{EVIL}:{web}/")
    for name, base in bases(cloud):
        for kind, script, url in (("WebSocket", SOCKET, base.replace("http", "ws")), ("EventSource", EVENTS, base)):
            got_through = page.evaluate(script, f"{url}/") != "error"
            tally.add(f"pages in Chromium: {kind}", name, got_through)
            assert not got_through, url


def test_a_rebound_page_does_nothing(cloud: Cloud, tally: Tally, page: Page) -> None:
    """Serve the page of evil.example from the attacked port, as after rebinding: requests are of the same origin."""
    ports = cloud.ports
    for name, port in ports.items():
        base = f"http://{EVIL}:{port}"
        page.route(f"{base}/page", lambda route: route.fulfill(body="<body></body>", content_type="text/html"))
        page.goto(f"{base}/page")
        for call in fetches(base):
            answer = page.evaluate(FETCH, list(call))
            got_through = not (answer.endswith(" 403") or "Error" in answer or answer.startswith("opaque"))
            tally.add("pages in Chromium: DNS rebinding", f"{name} {call}", got_through)
            assert not got_through, (call, answer)
    assert_unharmed(cloud, tally, "DNS rebinding, harm", len(ports))


def test_a_page_on_localhost_uses_the_api(cloud: Cloud, page: Page, web: int) -> None:
    """The control: fetch with preflight, and a PUT to a presigned URL."""
    base = cloud.settings.localstack_url
    page.goto(f"http://localhost:{web}/")
    headers = {"X-Amz-Target": "AmazonSQS.ListQueues", "Content-Type": "application/x-amz-json-1.0"}
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20261126/us-east-1/sqs/aws4_request, Signature=0"}
    listing = page.evaluate(FETCH, [f"{base}/", {"method": "POST", "body": "{}", "headers": headers | signed}])
    assert listing == "cors 200"
    s3 = cloud.client("s3")
    # the browser sends this type with a text, and the signature covers it
    put = {"Bucket": BUCKET, "Key": "from-page", "ContentType": "text/plain;charset=UTF-8"}
    url = s3.generate_presigned_url("put_object", Params=put)
    assert page.evaluate(FETCH, [url, {"method": "PUT", "body": "hello"}]) == "cors 200"
    assert s3.get_object(Bucket=BUCKET, Key="from-page")["Body"].read() == b"hello"
    assert page.evaluate(FETCH, [f"{base}/{BUCKET}/{KEY}", {}]) == "cors 200"
    s3.delete_object(Bucket=BUCKET, Key="from-page")
