"""Measure the console over the AWS in use: start, idle cost, pages, memory. `make bench-console` takes ten minutes.

Every page that the others lead to is opened twice by itself, and then again and again, beside streams that stay open.
The memory after the first minute, when everything has been read once, is compared with that at the end. A page's cost
is the processor time of the console and of the local AWS together; on a busy machine it says more than the time by the
clock. The figures mean more in an account that has been used (`scones run`), or filled by large_account.py, than in an
empty one.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3
import psutil
from aims import Aims

MINUTES = float(os.environ.get("MINUTES", "10"))
IDLE_S, SETTLED_S = 20.0, 3.0
"""The console first creates clients and compiles templates, for less than a second on an idle machine."""
START_AT_MOST_S, IDLE_AT_MOST, PAGE_AT_MOST_S, GROWTH_AT_MOST = 2.0, 1.0, 1.0, 10.0
COST_AT_MOST_MS = 500.0
BETWEEN_VISITS_S = 1.5
"""Longer than the console keeps the answers that change."""
LISTS = ("/", "/training-jobs", "/training-jobs/compare", "/endpoints", "/state-machines", "/models", "/monitoring")
OTHERS = ("/pipelines", "/queues", "/review", "/logs", "/search?q=a", "/upload")
LINK = re.compile(r'href="(/(?:training-jobs|endpoints|state-machines|executions|pipelines|models|drift)/[^"?#]+)"')
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
        """Read a page's stream until a time of the monotonic clock, or until the console ends.

        A page that does not change is silent for up to 15 s, so its stream may still be open when the console ends.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("GET", page, headers={"Accept": "text/event-stream"})
            response = connection.getresponse()
            while time.monotonic() < ends and response.readline():
                pass
        except (http.client.IncompleteRead, ConnectionError):
            return  # the console has ended
        finally:
            connection.close()


@dataclass(frozen=True)
class Machine:
    """The processes that a page keeps busy: the console, and the servers of the local AWS."""

    processes: tuple[psutil.Process, ...]

    @classmethod
    def of(cls, console: Started) -> Machine:
        urls = {boto3.client(service).meta.endpoint_url for service in ("s3", "sagemaker")}
        ports = {urlsplit(url).port for url in urls if urlsplit(url).hostname in ("localhost", "127.0.0.1")}
        servers = {
            each.pid
            for each in psutil.net_connections("tcp")
            if each.status == psutil.CONN_LISTEN and each.laddr.port in ports and each.pid
        }
        return cls((console.process, *map(psutil.Process, servers)))

    def busy_ms(self) -> float:
        times = [process.cpu_times() for process in self.processes]
        return float(1000 * sum(each.user + each.system for each in times))


def main() -> int:
    aims = Aims()
    with started() as console:
        aims.at_most("time until the console is ready", console.start_s, START_AT_MOST_S, " s")
        aims.at_most("processor time until then", 1000 * cpu_s(console.process), 1000 * START_AT_MOST_S, " ms")
        aims.at_most("an idle console, of a core", idle_share(console), IDLE_AT_MOST, " %")
        pages, most_ms = visited_twice(console, Machine.of(console))
        aims.at_most("the most expensive page", most_ms, COST_AT_MOST_MS, " ms")
        slowest, growth = followed(console, pages)
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
    before = cpu_s(console.process)
    time.sleep(IDLE_S)
    return 100 * (cpu_s(console.process) - before) / IDLE_S


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def visited_twice(console: Started, machine: Machine) -> tuple[list[str], float]:
    """Open every page twice. Return the pages, and the processor time in ms of the most expensive visit."""
    visits: dict[str, list[tuple[float, float]]] = {}

    def visit(page: str) -> str:
        before_ms = machine.busy_ms()
        seconds, text = console.get(page)
        visits.setdefault(page, []).append((machine.busy_ms() - before_ms, 1000 * seconds))
        return text

    pages = pages_of(visit)
    time.sleep(BETWEEN_VISITS_S)
    for page in pages:
        visit(page)
    say(f"{'processor time and time by the clock':50} first visit         second visit")
    for page, both in visits.items():
        say(f"{page:50.50} " + " ".join(f"{cost:5.0f} ms, {took:5.0f} ms " for cost, took in both))
    return pages, max(cost for both in visits.values() for cost, _ in both)


def followed(console: Started, pages: list[str]) -> tuple[float, float]:
    """Open all pages over and over beside open streams. Return the slowest time in s, and the memory's growth in %."""
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


def pages_of(visit: Callable[[str], str]) -> list[str]:
    """Return the addresses of the lists, and of the first pages of each kind that the lists lead to. Visit each."""
    by_kind: dict[str, list[str]] = {}
    for page in (*LISTS, *OTHERS):
        for link in LINK.findall(visit(page)):
            kind = by_kind.setdefault(link.split("/")[1], [])
            if link not in kind and len(kind) < LINKS_OF_EACH and link not in LISTS:
                kind.append(link)
    linked = [link for kind in by_kind.values() for link in kind]
    for link in linked:
        visit(link)
    return [*LISTS, *OTHERS, *linked]


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
