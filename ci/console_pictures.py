"""Take the pictures of the console that docs/console.md shows, from a console that is open.

    python ci/console_pictures.py http://127.0.0.1:4580 docs/pictures

The local AWS should have some of everything: scones run, scones pipeline, scones load, scones monitor run. A page that
shows nothing yet, such as the drift before a run of the monitor, is photographed all the same.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

SIZE = (1180, 760)
TELEPHONE = (390, 844)
TIMEOUT_MS = 60_000


@dataclass(frozen=True)
class Picture:
    """A page: its address, or the list that leads to it and the link there."""

    name: str
    path: str
    link: str = ""
    scheme: str = "light"
    size: tuple[int, int] = SIZE


PICTURES = (
    Picture("overview", "/"),
    Picture("endpoint", "/endpoints", "main table a[href^='/endpoints/']"),
    Picture("execution", "/state-machines", "main table a[href^='/executions/'][href*='-classify/']:last-of-type"),
    Picture("compare", "/training-jobs/compare", scheme="dark"),
    Picture("drift", "/monitoring", "main table a[href^='/drift/']", scheme="dark"),
    Picture("telephone", "/", scheme="dark", size=TELEPHONE),
)


def main() -> None:
    address, folder = sys.argv[1].rstrip("/"), Path(sys.argv[2])
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium on PATH: install the package chromium")
    # root cannot have Chromium's sandbox; the pages are ours
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for picture in PICTURES:
            file = folder / f"console-{picture.name}.webp"
            file.write_bytes(compressed(taken(browser, address, picture)))
            print(f"{file}: {file.stat().st_size / 1000:.0f} kB")
        browser.close()


def taken(browser: Browser, address: str, picture: Picture) -> bytes:
    width, height = picture.size
    page = browser.new_page(
        color_scheme="dark" if picture.scheme == "dark" else "light", viewport={"width": width, "height": height}
    )
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(address + picture.path)
    if picture.link:
        page.goto(urljoin(address, linked(page, picture)))
    page.wait_for_load_state("load")
    page.evaluate(
        "Promise.all([...document.images].filter((each) => each.loading !== 'lazy')"
        ".map((each) => each.decode().catch(() => null)))"
    )
    image: bytes = page.screenshot()
    page.close()
    return image


def linked(page: Page, picture: Picture) -> str:
    """Return the address of the first link. Raises SystemExit if there is none."""
    address = page.locator(picture.link).first.get_attribute("href") if page.locator(picture.link).count() else None
    if address is None:
        raise SystemExit(f"{picture.path} has no link {picture.link}: run the workflow first (scones run)")
    return address


def compressed(png: bytes) -> bytes:
    """Return the picture as WebP without loss, a third of the bytes."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(file, "WEBP", lossless=True, quality=100, method=6)
    return file.getvalue()


if __name__ == "__main__":
    main()
