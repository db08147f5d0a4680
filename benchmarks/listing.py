"""Measure one page of ListTrainingJobs with 10,000 jobs, through HTTP and in every order."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aims import Aims
from aiohttp import web

from sagemaker_emulator.accounts import Accounts
from sagemaker_emulator.engine.process import ProcessEngine
from sagemaker_emulator.resources.training_job import TrainingJob
from sagemaker_emulator.server import Server
from sagemaker_emulator.settings import Settings
from sagemaker_emulator.storage.store import Store

JOBS = 10_000
TARGET_MS = 50.0
ROUNDS = 15
REQUEST = {
    "AlgorithmSpecification": {"TrainingImage": "image-classification:1", "TrainingInputMode": "File"},
    "RoleArn": "arn:aws:iam::111122223333:role/benchmark",
    "HyperParameters": {f"parameter-{number}": "value" for number in range(20)},
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}
CASES: dict[str, dict[str, Any]] = {
    "newest first": {},
    "oldest first": {"SortOrder": "Ascending"},
    "by name": {"SortBy": "Name"},
    "by status": {"SortBy": "Status"},
    "of one status": {"StatusEquals": "Completed"},
    "of a status that none has": {"StatusEquals": "Stopped"},
    "a name that 10 have": {"NameContains": "job-0123"},
    "a name that none has": {"NameContains": "nothing"},
    "after a time": {"CreationTimeAfter": JOBS - 500},
}


@contextmanager
def served(state_dir: Path) -> Iterator[str]:
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "-", "AWS_SECRET_ACCESS_KEY": "-"}
    os.environ.update(nowhere)  # only the store is measured, so no AWS client may reach a server
    fill(state_dir)
    accounts = Accounts(Settings(state_dir=state_dir), ProcessEngine(str(state_dir)))
    loop = asyncio.new_event_loop()
    runner = Server(accounts).runner()
    loop.run_until_complete(runner.setup())
    loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def fill(state_dir: Path) -> None:
    """Store the jobs before the server starts, so that it publishes no events of them."""
    store = Store(state_dir / "sagemaker.sqlite3")
    with store.transaction():
        for number in range(JOBS):
            store.add(job(number))
    store.close()


def job(number: int) -> TrainingJob:
    name = f"job-{number:05d}"
    arn = f"arn:aws:sagemaker:us-east-1:000000000000:training-job/{name}"
    requested = TrainingJob.requested(arn, {"TrainingJobName": name, **REQUEST}, float(number))
    status = type(requested.status)("Failed" if number % 10 else "Completed")
    return requested.moved_to(status, float(number))


def page(url: str, request: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """Return the milliseconds of a request, and the answer."""
    headers = {"X-Amz-Target": "SageMaker.ListTrainingJobs", "Content-Type": "application/x-amz-json-1.1"}
    body = json.dumps({"MaxResults": 100, **request}).encode()
    started = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as response:  # noqa: S310 - our own http
        answer: dict[str, Any] = json.loads(response.read())
    return (time.perf_counter() - started) * 1000, answer


def pages(url: str, request: dict[str, Any]) -> list[float]:
    """Read up to ten pages of the listing, ROUNDS times, and return the milliseconds of each page."""
    times = []
    for _ in range(ROUNDS):
        token: dict[str, Any] = {}
        for _ in range(10):
            took_ms, answer = page(url, {**request, **token})
            times.append(took_ms)
            if "NextToken" not in answer:
                break
            token = {"NextToken": answer["NextToken"]}
    return times


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> int:
    worst = 0.0
    with tempfile.TemporaryDirectory() as directory, served(Path(directory)) as url:
        page(url, {})
        say(f"ListTrainingJobs of {JOBS} jobs, pages of 100, through HTTP")
        for name, request in CASES.items():
            times = sorted(pages(url, request))
            median, p99 = statistics.median(times), times[int(len(times) * 0.99) - 1]
            worst = max(worst, median)
            say(f"  {name:28} median {median:6.1f} ms   p99 {p99:6.1f} ms")
    aims = Aims()
    aims.at_most("slowest median of a page", worst, TARGET_MS, " ms")
    return aims.exit_code()


if __name__ == "__main__":
    raise SystemExit(main())
