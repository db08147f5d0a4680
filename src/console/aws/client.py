"""Calls to AWS: made in threads, shared by all pages that need the same answer, and remembered for a moment.

boto3 waits for each answer, so calls run in a pool of threads and the event loop never blocks. Pages that are open in
several tabs ask the same questions. `Aws.call` therefore makes a call once for all who wait for it, and keeps the
answer: for a second by default, for longer where the answer can no longer change, such as the description of a job
that has ended. The number of kept answers has a limit; the one that was used least recently goes first.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from console.errors import NotThere, Refused

THREADS = 16
PREPARED = ("sts", "sagemaker", "cloudformation", "stepfunctions", "cloudwatch", "sqs", "s3", "logs")
"""In the order in which the overview asks them."""
KEPT_ANSWERS = 4096
KEPT_CHARACTERS = 32 << 20
SHORT_S, LONG_S = 1.0, 3600.0
NAMED_S = 60.0
"""For what does not change, but can be deleted and created again under its name."""
NO_OBJECT = "404"
"""The code of HeadObject's answer about an object that is not there. It has no body, so no name."""
UNKNOWN_NAME = ("Could not find", "does not exist", "not found", "RecordNotFound", "DoesNotExist", "NotFound")
CONFIG = Config(connect_timeout=3, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 2})

Answer = Mapping[str, Any]
Result = TypeVar("Result")
Keep = float | Callable[[Answer], float]


@dataclass
class _Kept:
    until: float
    answer: Answer
    size: int


@dataclass(frozen=True)
class Start:
    """The beginning of an object of S3. `version` is its ETag, and `size` that of the whole object in bytes."""

    body: bytes
    version: str
    size: int
    written: datetime | None


class Aws:
    """The AWS of a boto3 session. One instance serves the whole console."""

    def __init__(self, session: Any, may_always_change: bool = False) -> None:
        self._session, self._may_always_change = session, may_always_change
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._size = 0
        self._under_way: dict[str, asyncio.Future[Answer]] = {}
        self._changes = 0

    @property
    def region(self) -> str:
        return str(self._session.region_name or "us-east-1")

    @property
    def profile(self) -> str:
        return str(self._session.profile_name)

    def prepare(self, *others: Callable[[], object]) -> None:
        """Create the clients of the services that most pages ask, and call `others`, in a thread that nobody waits for.

        botocore reads each service's model when a client is created, half a second for all of them. A page that is
        opened meanwhile waits only for the client that is being created.
        """
        for service in PREPARED:
            self._threads.submit(self._client, service)
        for other in others:
            self._threads.submit(other)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def account(self) -> str:
        """Return the account's number."""
        return str((await self.call("sts", "get_caller_identity", LONG_S))["Account"])

    async def may_change(self, service: str = "sagemaker") -> bool:
        """Whether the console may change something: if it was started so, or if the service is on this machine."""
        if self._may_always_change:
            return True
        client = await self._run(lambda: self._client(service))
        return is_on_this_machine(client.meta.endpoint_url)

    async def call(self, service: str, operation: str, keep: Keep = SHORT_S, **request: Any) -> Answer:
        """Return the answer of an operation, named as boto3's method. Raises NotThere or Refused."""
        # what was asked before a change may be answered after it, and is then too old for anyone else
        key = f"{self._changes} {service}.{operation} {json.dumps(request, sort_keys=True, default=str)}"
        kept = self._kept.get(key)
        if kept and kept.until > time.monotonic():
            self._kept.move_to_end(key)
            return kept.answer
        if key not in self._under_way:
            self._under_way[key] = asyncio.ensure_future(self._fetch(key, service, operation, keep, request))
        return await asyncio.shield(self._under_way[key])

    async def change(self, service: str, operation: str, **request: Any) -> Answer:
        """Make a call that changes something; kept answers are forgotten. Raises NotThere or Refused."""
        try:
            return await self._run(lambda: self._answer(service, operation, request))
        finally:
            self._changes += 1
            self._kept.clear()
            self._size = 0

    async def read_object(self, bucket: str, key: str, at: int | None = None, size: int = 0) -> bytes:
        """Return an object of S3, or `size` bytes of it from `at`. It is not kept."""
        part = {} if at is None else {"Range": f"bytes={at}-{at + size - 1}"}

        def read() -> bytes:
            body = self._answer("s3", "get_object", {"Bucket": bucket, "Key": key, **part})["Body"]
            with body, _refusals("s3", "get_object"):
                return bytes(body.read())

        return await self._run(read)

    async def read_start(self, bucket: str, key: str, size: int) -> Start:
        """Return the first `size` bytes of an object of S3, and which object they are of. Nothing is kept."""

        def read() -> Start:
            answer = self._answer("s3", "get_object", {"Bucket": bucket, "Key": key, "Range": f"bytes=0-{size - 1}"})
            with answer["Body"] as body, _refusals("s3", "get_object"):
                start = bytes(body.read(size))
            whole = str(answer.get("ContentRange", "")).rpartition("/")[2]
            return Start(
                start,
                str(answer.get("ETag", "")),
                int(whole) if whole.isdecimal() else len(start),
                answer.get("LastModified"),
            )

        return await self._run(read)

    async def _fetch(self, key: str, service: str, operation: str, keep: Keep, request: dict[str, Any]) -> Answer:
        try:
            answer = await self._run(lambda: self._answer(service, operation, request))
        finally:
            self._under_way.pop(key, None)
        seconds = keep(answer) if callable(keep) else keep
        if seconds > 0:
            self._keep(key, _Kept(time.monotonic() + seconds, answer, len(repr(answer))))
        return answer

    def _keep(self, key: str, kept: _Kept) -> None:
        if before := self._kept.pop(key, None):
            self._size -= before.size
        self._kept[key] = kept
        self._size += kept.size
        while len(self._kept) > KEPT_ANSWERS or self._size > KEPT_CHARACTERS:
            _, oldest = self._kept.popitem(last=False)
            self._size -= oldest.size

    async def _run(self, function: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    def _answer(self, service: str, operation: str, request: Mapping[str, Any]) -> Answer:
        with _refusals(service, operation):
            answer: Answer = getattr(self._client(service), operation)(**request)
        return answer

    def _client(self, service: str) -> Any:
        with self._lock:  # creating clients is not safe in several threads at once; using them is
            if service not in self._clients:
                self._clients[service] = self._session.client(service, config=CONFIG)
            return self._clients[service]


def is_on_this_machine(url: str) -> bool:
    """Whether the host of a URL is a loopback address or localhost."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _refusals(service: str, operation: str) -> Iterator[None]:
    """Raise the console's own errors for those of boto3, also of a body that breaks off while it is read."""
    try:
        yield
    except ClientError as error:
        raise _problem(error, service, operation) from error
    except BotoCoreError as error:
        raise Refused(f"{service} {operation}: {error}") from error


def _problem(error: ClientError, service: str, operation: str) -> NotThere | Refused:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    if code == NO_OBJECT or any(words in code or words in message for words in UNKNOWN_NAME):
        return NotThere(message or code)
    return Refused(f"{service} refused {operation}: {code}: {message}")
