"""Measure the console over the AWS in use: start, idle cost, pages, memory. `make bench-console` takes ten minutes.

Every page that the others lead to is opened again and again, beside streams that stay open. The memory after the first
minute, when everything has been read once, is compared with that at the end. The figures mean more in an account
that has been used (`scones run`) than in an empty one.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
from aims import Aims

MINUTES = float(os.environ.get("MINUTES", "10"))
IDLE_S, SETTLED_S = 20.0, 1.0
START_AT_MOST_S, IDLE_AT_MOST, PAGE_AT_MOST_S, GROWTH_AT_MOST = 2.0, 1.0, 1.0, 10.0
LISTS = ("/", "/training-jobs", "/training-jobs/compare", "/endpoints", "/state-machines", "/models", "/monitoring")
OTHERS = ("/pipelines", "/queues", "/logs")
LINK = re.compile(r'href="(/(?:training-jobs|endpoints|state-machines|executions|models|drift)/[^"?#]+)"')
LINKS_OF_EACH = 3


@dataclass(frozen=True)
class Started:
    """A console in a process of its own."""

    process: psutil.Process
    port: int
    start_s: float

    @property
    def memory_mb(self) -> float:
        return float(self.process.memory_info().rss / 1e6)

    def get(self, page: str) -> tuple[float, str]:
        """Return the seconds that a page took, and the page."""
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", page)
            text = connection.getresponse().read().decode()
            return time.monotonic() - began, text
        finally:
            connection.close()

    def drain(self, page: str, ends: float) -> None:
        """Read a page's stream until a time of the monotonic clock."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", page, headers={"Accept": "text/event-stream"})
        response = connection.getresponse()
        while time.monotonic() < ends:
            response.readline()
        connection.close()


def main() -> int:
    aims = Aims()
    with started() as console:
        aims.at_most("time until the console is ready", console.start_s, START_AT_MOST_S, " s")
        aims.at_most("an idle console, of a core", idle_share(console), IDLE_AT_MOST, " %")
        slowest, growth = followed(console)
    aims.at_most("the slowest page", slowest, PAGE_AT_MOST_S, " s")
    aims.at_most("growth of the memory", growth, GROWTH_AT_MOST, " %")
    return aims.exit_code()


@contextmanager
def started() -> Iterator[Started]:
    began = time.monotonic()
    command = [sys.executable, "-m", "console", "console", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert address, "the console did not start"
        yield Started(psutil.Process(process.pid), int(address[1]), time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def idle_share(console: Started) -> float:
    """Return the processor time of the console while no page is open, in % of a core."""
    time.sleep(SETTLED_S)
    before = console.process.cpu_times()
    time.sleep(IDLE_S)
    after = console.process.cpu_times()
    return float(100 * (after.user + after.system - before.user - before.system) / IDLE_S)


def followed(console: Started) -> tuple[float, float]:
    """Open all pages over and over beside open streams. Return the slowest time in s, and the memory's growth in %."""
    pages = pages_of(console)  # reads each page once
    ends, settled = time.monotonic() + 60 * MINUTES, time.monotonic() + min(60.0, 15 * MINUTES)
    streams = [threading.Thread(target=console.drain, args=(page, ends), daemon=True) for page in pages[:4]]
    for stream in streams:
        stream.start()
    slowest, before, told = 0.0, console.memory_mb, 0.0
    while (now := time.monotonic()) < ends:
        slowest = max(slowest, *(console.get(page)[0] for page in pages))
        before = console.memory_mb if now < settled else before
        if now >= told:
            say(f"{(ends - now) / 60:4.1f} minutes left, {len(pages)} pages: {console.memory_mb:.0f} MB")
            told = now + 60
        time.sleep(1)
    return slowest, 100 * (console.memory_mb - before) / before


def pages_of(console: Started) -> list[str]:
    """Return the addresses of the lists, and of the first pages of each kind that the lists lead to."""
    by_kind: dict[str, list[str]] = {}
    for page in (*LISTS, *OTHERS):
        for link in LINK.findall(console.get(page)[1]):
            kind = by_kind.setdefault(link.split("/")[1], [])
            if link not in kind and len(kind) < LINKS_OF_EACH and link not in LISTS:
                kind.append(link)
    linked = [link for kind in by_kind.values() for link in kind]
    for link in linked:
        console.get(link)
    return [*LISTS, *OTHERS, *linked]


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
