"""The captured records of an endpoint: an index of them in memory, and their payloads in S3.

An index entry has some 200 bytes, and says where the record is: the file, the offset and the length. Payloads are read
from there when a page shows them, so that ten thousand images cost two megabytes. The newest files are read first, and
each call reads as long as its budget allows: a page shows what has been read, and the rest follows on its stream.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from console.aws.client import NAMED_S, Aws
from console.errors import NotThere

RECORDS_MAX = 50_000
KEPT_ENDPOINTS = 8
FILES_MAX = 20_000
LISTED_PAGES = 100
FILES_AT_ONCE = 8
KEPT_LISTING_S = 2.0
INFERENCE_ID_LIMIT = 64
EXECUTION = "execution"
"""The custom attribute in which the classify function sends a name that is longer than an inference id."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One record: what was predicted, and where its payloads are."""

    event_id: str
    inference_id: str
    time: float
    prediction: int | None
    confidence: float | None
    has_image: bool
    file: str
    at: int
    size: int
    image: bytes = b""
    """A digest of the request, the same for equal images."""
    execution: str = ""
    """The whole name of the execution that sent it, if the record has it."""

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)


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
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def advance(self, aws: Aws, budget_s: float) -> None:
        """Read files that are new, the newest first, until the budget is used up."""
        async with self.lock:
            started = time.monotonic()
            listing = Listing(aws, self.bucket, started + budget_s / 2)
            names = [name for name in await listing.files(self.prefix) if name not in self.read]
            while (names := self._wanted(names)) and time.monotonic() < started + budget_s:
                some, names = names[:FILES_AT_ONCE], names[FILES_AT_ONCE:]
                for name, body in zip(some, await _bodies(aws, self.bucket, some), strict=True):
                    self.records += await asyncio.to_thread(self._parsed, name, body)
                    self.read.add(name)
                self.records.sort(key=lambda record: record.time, reverse=True)
                del self.records[self.limit :]
            self.unread = len(names) + listing.is_cut

    def _wanted(self, names: list[str]) -> list[str]:
        """Return those that may have newer records than the oldest here, if there is no room for more."""
        if len(self.records) < self.limit:
            return names
        oldest = f"{self.records[-1].moment:%Y/%m/%d/%H}"
        return [name for name in names if _path_in_variant(name, self.prefix) >= oldest]

    def find(self, file: str, at: int) -> Captured:
        """Return the record at a place in a file. Raises NotThere."""
        for record in self.records:
            if record.at == at and record.file == file:
                return record
        raise NotThere(f"there is no captured record at {at} of {file}")

    def _parsed(self, name: str, body: bytes) -> list[Captured]:
        records = []
        for at, line in lines(body):
            try:
                records.append(captured(json.loads(line), name, at, len(line)))
            except (ValueError, LookupError, TypeError, AttributeError):
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


def captured(record: dict[str, Any], file: str, at: int, size: int) -> Captured:
    """Return the index entry of a record, as AWS writes it."""
    metadata, data = record["eventMetadata"], record["captureData"]
    inference_id = metadata.get("inferenceId", "")
    probabilities = probabilities_in(payload(data.get("endpointOutput", {})))
    best = max(probabilities) if probabilities else None
    return Captured(
        event_id=metadata["eventId"],
        inference_id=inference_id,
        time=datetime.fromisoformat(metadata["inferenceTime"]).timestamp(),
        prediction=None if best is None else probabilities.index(best),
        confidence=best,
        has_image=_is_image(data.get("endpointInput", {})),
        file=file,
        at=at,
        size=size,
        image=blake2b(str(data.get("endpointInput", {}).get("data", "")).encode(), digest_size=8).digest(),
        execution=execution_in(metadata.get("customAttributes"), inference_id),
    )


def id_of(execution: str) -> str:
    """Return the inference id that the classify function sends for an execution: the end of its name."""
    return execution[-INFERENCE_ID_LIMIT:]


def execution_in(attributes: object, inference_id: str) -> str:
    """Return an execution's whole name from a record's custom attributes and id; empty if it was cut off."""
    for each in attributes if isinstance(attributes, list) else ():
        key, _, name = str(each).partition("=")
        if key == EXECUTION and id_of(name) == inference_id:
            return name
    return inference_id if len(inference_id) < INFERENCE_ID_LIMIT else ""


def payload(side: dict[str, Any]) -> bytes:
    """Return the request or the answer in a record."""
    data = str(side.get("data", ""))
    if side.get("encoding") != "BASE64":
        return data.encode()
    try:
        return base64.b64decode(data)
    except binascii.Error:
        return b""


def probabilities_in(output: bytes) -> tuple[float, ...]:
    """Return the probabilities in an answer, a JSON list or a line of CSV; empty if it is something else."""
    try:
        values = json.loads(output if output[:1] == b"[" else b"[" + output.strip() + b"]")
    except ValueError:
        return ()
    if not values or not all(isinstance(value, int | float) and 0 <= value <= 1 for value in values):
        return ()
    return tuple(float(value) for value in values)


def lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each line that is not empty, with its offset."""
    at = 0
    for line in body.split(b"\n"):
        if line.strip():
            yield at, line
        at += len(line) + 1


def _is_image(side: dict[str, Any]) -> bool:
    kind = str(side.get("observedContentType", ""))
    # iVBOR and /9j/ begin a PNG and a JPEG in base64
    return kind.startswith("image/") or str(side.get("data", "")).startswith(("iVBOR", "/9j/"))


@dataclass(frozen=True)
class File:
    """An object whose name ends in `.jsonl`, when it was written, and its version (the ETag)."""

    key: str
    time: datetime | None
    version: str


def file_of(described: Mapping[str, Any]) -> File:
    return File(described["Key"], described.get("LastModified"), described.get("ETag", ""))


def by_key(file: File) -> str:
    return file.key


@dataclass
class Listing:
    """A search for the newest files in folders of hours, which ends at a time of the monotonic clock.

    S3 lists keys in ascending order, so folders (`<variant>/yyyy/mm/dd/hh/`) are listed one by one, the newest first.
    `order` sorts the files of one folder.
    """

    aws: Aws
    bucket: str
    ends: float = math.inf
    order: Callable[[File], str] = by_key
    is_cut: bool = False

    async def files(self, prefix: str) -> list[str]:
        """Return the keys of the newest capture files of an endpoint, the newest first."""
        files, variants = await self._listed(prefix, KEPT_LISTING_S)
        for variant in variants:
            files += await self.newest(variant, FILES_MAX // len(variants), KEPT_LISTING_S)
        return sorted(map(by_key, files), key=lambda key: _path_in_variant(key, prefix), reverse=True)

    async def newest(self, folder: str, wanted: int, keep_s: float) -> list[File]:
        """Return the newest files of a folder, the newest hour first. The newest hour's are kept for `keep_s`."""
        files, folders = await self._listed(folder, keep_s)
        files = sorted(files, key=self.order, reverse=True)[:wanted]
        for each in sorted(folders, reverse=True):
            if len(files) >= wanted:
                break
            if files and time.monotonic() >= self.ends:
                self.is_cut = True  # the next search goes on: S3's answers are kept
                break
            files += await self.newest(each, wanted - len(files), keep_s)
            keep_s = NAMED_S  # hours before the newest hardly change
        return files

    async def _listed(self, folder: str, keep_s: float) -> tuple[list[File], list[str]]:
        """Return the files and the folders that are directly in a folder."""
        files: list[File] = []
        folders: list[str] = []
        request = {"Bucket": self.bucket, "Prefix": folder, "Delimiter": "/"}
        for _ in range(LISTED_PAGES):
            answer = await self.aws.call("s3", "list_objects_v2", keep_s, **request)
            files += [file_of(each) for each in answer.get("Contents", ()) if each["Key"].endswith(".jsonl")]
            folders += [each["Prefix"] for each in answer.get("CommonPrefixes", ())]
            if not answer.get("NextContinuationToken"):
                break
            request["ContinuationToken"] = answer["NextContinuationToken"]
        return files, folders


def _path_in_variant(key: str, prefix: str) -> str:
    """Return a key's path after the variant's name: it begins with the hour."""
    return key.removeprefix(prefix).partition("/")[2]


async def _bodies(aws: Aws, bucket: str, keys: list[str]) -> list[bytes]:
    return list(await asyncio.gather(*(aws.read_object(bucket, key) for key in keys)))
