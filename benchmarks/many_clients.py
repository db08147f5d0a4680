"""300 clients that invoke one endpoint for a while: no request may fail. SECONDS=180 sets the time (default 30).

Every client keeps one connection and sends its next request when the last one is answered, as SDKs do.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field

import aiohttp
import boto3
from aims import Aims
from invoke_endpoint import HEADERS, picture_bytes, say, served_endpoint

CLIENTS = 300
SECONDS = float(os.environ.get("SECONDS", "30"))


@dataclass
class Answers:
    """Latencies in seconds of the requests that were answered with 200, and how often each other answer came."""

    latencies_s: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)


def main() -> int:
    emulator = boto3.client("sagemaker-runtime").meta.endpoint_url
    aims = Aims()
    with served_endpoint() as (name, _):
        answers = asyncio.run(_load(f"{emulator}/endpoints/{name}/invocations"))
    for failure, count in answers.failures.most_common(5):
        say(f"{count} times: {failure}")
    p50_s, p99_s = (statistics.quantiles(answers.latencies_s, n=100)[index] for index in (49, 98))
    say(
        f"{CLIENTS} clients, {SECONDS:g} s: {len(answers.latencies_s)} answers, "
        f"{len(answers.latencies_s) / SECONDS:.0f}/s, p50 {p50_s * 1000:.0f} ms, p99 {p99_s * 1000:.0f} ms"
    )
    aims.at_most("requests that failed", answers.failures.total(), 0)
    return aims.exit_code()


async def _load(url: str) -> Answers:
    answers, body, end = Answers(), picture_bytes(), time.monotonic() + SECONDS
    async with aiohttp.ClientSession(headers=HEADERS, connector=aiohttp.TCPConnector(limit=0)) as http:

        async def client() -> None:
            while time.monotonic() < end:
                await _ask(http, url, body, answers)

        await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return answers


async def _ask(http: aiohttp.ClientSession, url: str, body: bytes, answers: Answers) -> None:
    started = time.monotonic()
    try:
        async with http.post(url, data=body) as response:
            text = await response.text()
            failure = None if response.status == 200 else f"{response.status} {text[:200]}"
    except aiohttp.ClientError as error:
        failure = repr(error)
    if failure is None:
        answers.latencies_s.append(time.monotonic() - started)
    else:
        answers.failures[failure] += 1


if __name__ == "__main__":
    raise SystemExit(main())
