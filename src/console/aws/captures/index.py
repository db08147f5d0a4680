"""The index of the captured records of an endpoint, in memory; their payloads stay in S3.

An index entry has some 200 bytes, and says where the record is: the file, the offset and the length. Payloads are read
from there when a page shows them, so that ten thousand images cost two megabytes. The newest files are read first, and
each call reads as long as its budget allows: a page shows what has been read, and the rest follows on its stream.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field

from console.aws.captures.listing import Listing, path_in_variant
from console.aws.captures.records import Captured, Record, captured, lines, whole
from console.aws.client import Aws
from console.errors import NotThere

RECORDS_MAX = 50_000
KEPT_ENDPOINTS = 8
FILES_AT_ONCE = 8
RECORD_BYTES_MAX = 64 << 20
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading a line raises that is no captured record."""


@dataclass
class CaptureIndex:
    """The records of one endpoint, the newest first, and how much of them has been read."""

    bucket: str
    prefix: str
    limit: int = RECORDS_MAX
    records: list[Captured] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    unread: int = 0
    unreadable: int = 0
    is_whole: bool = False
    """Whether the last look left nothing unread. What is new since then is at the start of a listing."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def advance(self, aws: Aws, budget_s: float) -> None:
        """Read files that are new, the newest first, until the budget is used up."""
        async with self.lock:
            started = time.monotonic()
            listing = Listing(aws, self.bucket, started + budget_s / 2)
            listed = await listing.files(self.prefix)
            is_short = listing.is_cut and not self._is_reached(listed)
            names = [name for name in listed if name not in self.read]
            while (names := self._wanted(names)) and time.monotonic() < started + budget_s:
                some, names = names[:FILES_AT_ONCE], names[FILES_AT_ONCE:]
                for name, body in zip(some, await _bodies(aws, self.bucket, some), strict=True):
                    self.records += await asyncio.to_thread(self._parsed, name, body)
                    self.read.add(name)
                self.records.sort(key=lambda record: record.time, reverse=True)
                del self.records[self.limit :]
            self.unread = len(names) + is_short
            self.is_whole = not self.unread

    def _is_reached(self, listed: list[str]) -> bool:
        """Whether a listing that was cut reaches what was read of each variant, and nothing older is left to read."""
        oldest = {self.variant_of(name): name for name in listed}
        return self.is_whole and self.read.issuperset(oldest.values())

    def _wanted(self, names: list[str]) -> list[str]:
        """Return those that may have newer records than the oldest here, if there is no room for more."""
        if len(self.records) < self.limit:
            return names
        oldest = f"{self.records[-1].moment:%Y/%m/%d/%H}"
        return [name for name in names if path_in_variant(name, self.prefix) >= oldest]

    async def read_record(self, aws: Aws, file: str, at: int, size: int) -> Record:
        """Return the record at a place in a file, with its payloads. It need not be indexed. Raises NotThere."""
        if file.startswith(self.prefix) and file.endswith(".jsonl") and 0 < size <= RECORD_BYTES_MAX:
            line = await aws.read_object(self.bucket, file, at, size)
            with suppress(*UNREADABLE):
                return whole(json.loads(line), file, at, size)
        raise NotThere(f"there is no captured record of {size} bytes at {at} of {file!r:.300}")

    async def find(self, aws: Aws, event_id: str, budget_s: float) -> Captured:
        """Return the record of an event, among those that are read within the budget. Raises NotThere."""
        until = time.monotonic() + budget_s
        while True:
            await self.advance(aws, until - time.monotonic())
            if found := next((each for each in self.records if each.event_id == event_id), None):
                return found
            if not self.unread or time.monotonic() >= until:
                break
        raise NotThere(
            f"none of the {len(self.records):,} captured records that were read has the event id {event_id!r:.100}"
            + (": older files have not been read yet" if self.unread else "")
        )

    def variant_of(self, file: str) -> str:
        """Return the name of the variant whose records a file has."""
        return file.removeprefix(self.prefix).partition("/")[0]

    def _parsed(self, name: str, body: bytes) -> list[Captured]:
        records = []
        for at, line in lines(body):
            try:
                records.append(captured(json.loads(line), name, at, len(line)))
            except UNREADABLE:
                self.unreadable += 1
        return records


class Captures:
    """The indexes of the endpoints that were looked at last."""

    def __init__(self) -> None:
        self._indexes: OrderedDict[str, CaptureIndex] = OrderedDict()

    def of(self, endpoint: str, uri: str) -> CaptureIndex:
        """Return the index of what an endpoint captures to an S3 URI."""
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        path = f"{prefix.rstrip('/')}/{endpoint}/".lstrip("/")
        index = self._indexes.setdefault(f"{bucket}/{path}", CaptureIndex(bucket, path))
        self._indexes.move_to_end(f"{bucket}/{path}")
        while len(self._indexes) > KEPT_ENDPOINTS:
            self._indexes.popitem(last=False)
        return index


async def _bodies(aws: Aws, bucket: str, keys: list[str]) -> list[bytes]:
    return list(await asyncio.gather(*(aws.read_object(bucket, key) for key in keys)))
