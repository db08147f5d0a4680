"""Captured records, as AWS writes them: a line of JSON each, with the request and the response."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode

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

    @property
    def place(self) -> str:
        """The part of the console's addresses that says where the record is."""
        return urlencode({"file": self.file, "at": self.at, "size": self.size})


@dataclass(frozen=True)
class Side:
    """The request or the answer of a record. `content_type` is that which the endpoint observed."""

    content_type: str
    is_text: bool
    body: bytes


@dataclass(frozen=True)
class Record:
    """A record with its payloads. A side that is not captured is None."""

    entry: Captured
    request: Side | None
    answer: Side | None
    probabilities: tuple[float, ...]
    attributes: tuple[str, ...]
    """The custom attributes of the request."""


def captured(record: dict[str, Any], file: str, at: int, size: int) -> Captured:
    """Return the index entry of a record, as AWS writes it. Raises OverflowError for a time that UTC lacks."""
    metadata, data = record["eventMetadata"], record["captureData"]
    inference_id = str(metadata.get("inferenceId") or "")
    probabilities = probabilities_in(payload(data.get("endpointOutput", {})))
    best = max(probabilities) if probabilities else None
    return Captured(
        event_id=str(metadata["eventId"]),
        inference_id=inference_id,
        time=datetime.fromisoformat(metadata["inferenceTime"]).astimezone(UTC).timestamp(),
        prediction=None if best is None else probabilities.index(best),
        confidence=best,
        has_image=_is_image(data.get("endpointInput", {})),
        file=file,
        at=at,
        size=size,
        image=blake2b(str(data.get("endpointInput", {}).get("data", "")).encode(), digest_size=8).digest(),
        execution=execution_in(metadata.get("customAttributes"), inference_id),
    )


def whole(record: dict[str, Any], file: str, at: int, size: int) -> Record:
    """Return a record, as AWS writes it, with its payloads."""
    data, attributes = record["captureData"], record["eventMetadata"].get("customAttributes")
    request, answer = (_side(data.get(name)) for name in ("endpointInput", "endpointOutput"))
    return Record(
        entry=captured(record, file, at, size),
        request=request,
        answer=answer,
        probabilities=probabilities_in(answer.body) if answer else (),
        attributes=tuple(map(str, attributes)) if isinstance(attributes, list) else (),
    )


def _side(side: dict[str, Any] | None) -> Side | None:
    if side is None:
        return None
    return Side(str(side.get("observedContentType", "")), side.get("encoding") != "BASE64", payload(side))


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
    except (ValueError, RecursionError):
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
