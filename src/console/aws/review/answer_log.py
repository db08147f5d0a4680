"""The log of answers: one object for each answer, change and undoing. Nothing in it is ever replaced.

Its keys are those of the ground truth below another folder, with the time of the answer: `review_answers/<endpoint>/
yyyy/mm/dd/hh/<inference id>.<time>.jsonl`. Monitors do not read them.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from console.aws.client import Aws
from console.aws.review.ground_truth import PREFIX
from console.aws.workflow import Workflow

FOLDER = "review_answers"
KEPT_S = 5.0
KEPT_ENTRIES = 1000
ENTRY_MAX = 64 << 10
"""An entry has its message, which may have many probabilities."""
STAMP = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True)
class Entry:
    """One answer. `label` is the number of the class; None if the answer before was undone."""

    label: int | None
    answered: datetime
    message: Mapping[str, Any] = field(default_factory=dict)
    """The message of the review queue; empty if the answer was given with another program."""
    sent_order: bool = False


class AnswerLog:
    """The log, and the entries that were read last. Whoever answers, changes or undoes holds `writing`."""

    def __init__(self) -> None:
        self.writing = asyncio.Lock()
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    async def of(self, aws: Aws, workflow: Workflow, key: str) -> list[Entry]:
        """Return the entries of a record of ground truth, the oldest first. Raises NotThere, Refused."""
        answer = await aws.call(
            "s3", "list_objects_v2", KEPT_S, Bucket=workflow.bucket, Prefix=f"{_log_key(key)}.", Delimiter="/"
        )
        keys = [each["Key"] for each in answer.get("Contents", ()) if _is_of(each["Key"], key)]
        read = [await self._read(aws, workflow, each) for each in sorted(keys)]
        return [each for each in read if each]

    async def newest(self, aws: Aws, workflow: Workflow, keys: Sequence[str]) -> dict[str, Entry]:
        """Return the newest entry of each of these records that has one. Raises NotThere, Refused.

        A folder is listed once for all of its records: one answer may have become a thousand.
        """
        by_folder: dict[str, list[str]] = {}
        for key in keys:
            by_folder.setdefault(_log_key(key).rpartition("/")[0], []).append(_log_key(key))
        prefixes = [f"{folder}/" if len(logs) > 1 else f"{logs[0]}." for folder, logs in by_folder.items()]
        lists = await asyncio.gather(*(self._listed(aws, workflow, prefix) for prefix in prefixes))
        last = {_without_stamp(logged): logged for listed in lists for logged in sorted(listed)}
        known = [key for key in keys if _log_key(key) in last]
        read = await asyncio.gather(*(self._read(aws, workflow, last[_log_key(key)]) for key in known))
        return {key: entry for key, entry in zip(known, read, strict=True) if entry}

    async def _listed(self, aws: Aws, workflow: Workflow, prefix: str) -> list[str]:
        keys: list[str] = []
        request = {"Bucket": workflow.bucket, "Prefix": prefix, "Delimiter": "/"}
        while True:
            answer = await aws.call("s3", "list_objects_v2", KEPT_S, **request)
            keys += [each["Key"] for each in answer.get("Contents", ())]
            if not answer.get("NextContinuationToken"):
                return keys
            request["ContinuationToken"] = answer["NextContinuationToken"]

    async def add(self, aws: Aws, workflow: Workflow, key: str, entry: Entry) -> None:
        """Write an entry about a record of ground truth."""
        label = entry.label
        document = {
            "ground_truth": key,
            "answer": label,
            "class": None if label is None else workflow.name_of(label),
            "answered": entry.answered.isoformat(),
            "sent_order": entry.sent_order,
            "message": entry.message,
        }
        logged = f"{_log_key(key)}.{entry.answered:{STAMP}}.jsonl"
        await aws.change(
            "s3",
            "put_object",
            Bucket=workflow.bucket,
            Key=logged,
            Body=(json.dumps(document) + "\n").encode(),
            ContentType="application/jsonlines",
        )
        self._keep(logged, entry)

    async def _read(self, aws: Aws, workflow: Workflow, key: str) -> Entry | None:
        if key not in self._entries:
            try:
                entry = _entry(json.loads(await aws.read_object(workflow.bucket, key, 0, ENTRY_MAX)))
            except (ValueError, LookupError, TypeError, RecursionError):
                return None  # an object of another program
            self._keep(key, entry)
            return entry
        return self._entries[key]

    def _keep(self, key: str, entry: Entry) -> None:
        self._entries[key] = entry
        while len(self._entries) > KEPT_ENTRIES:
            self._entries.popitem(last=False)


def now() -> datetime:
    return datetime.now(UTC)


def _entry(document: Mapping[str, Any]) -> Entry:
    label, message = document["answer"], document["message"]
    return Entry(
        None if label is None else int(label),
        datetime.fromisoformat(document["answered"]),
        message if isinstance(message, dict) else {},
        bool(document["sent_order"]),
    )


def _log_key(key: str) -> str:
    return FOLDER + key.removeprefix(PREFIX).removesuffix(".jsonl")


def _without_stamp(logged: str) -> str:
    return logged.removesuffix(".jsonl").rpartition(".")[0]


def _is_of(logged: str, key: str) -> bool:
    """Whether a key is of the log of this record: the id `a` is also the beginning of `a.b`."""
    return _without_stamp(logged) == _log_key(key) and logged.endswith(".jsonl")
