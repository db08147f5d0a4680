"""recordio-protobuf: frames around SageMaker's protobuf message `Record`, features and label as tensors.

Only the fields that arrays need are read, so neither protobuf nor its generated code is needed.
Source: record.proto of the SageMaker developer guide, "Common data formats for training".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

MAGIC = 0xCED7230A
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
FEATURES, LABEL = 1, 2  # fields of Record: maps from a name to a Value
KEY, VALUE = 1, 2  # fields of a map's entry
FLOAT32_TENSOR, FLOAT64_TENSOR, INT32_TENSOR = 2, 3, 7  # fields of Value
TYPES = {FLOAT32_TENSOR: "<f4", FLOAT64_TENSOR: "<f8", INT32_TENSOR: ""}
TENSOR_VALUES, TENSOR_KEYS, TENSOR_SHAPE = 1, 2, 3
NAME = b"values"


def read_records(data: bytes) -> tuple[Any, Any | None]:
    """Return features, dense or as a scipy matrix, and labels, or None. ValueError if the data has another form."""
    rows, labels = [], []
    for record in frames(data):
        fields = list(_fields(record))
        row = _tensor(fields, FEATURES)
        if row is None:
            continue
        rows.append(row)
        label = _tensor(fields, LABEL)
        if label is not None:
            labels.append(label[0])
    if not rows:
        raise ValueError("No records found in RecordIO-Protobuf data")
    return _matrix(rows), np.concatenate(labels) if labels else None


def frames(data: bytes) -> Iterator[bytes]:
    """Yield the messages: each has magic, length, and padding to four bytes."""
    offset = 0
    while offset + 8 <= len(data):
        magic, length = struct.unpack_from("<II", data, offset)
        if magic != MAGIC:
            raise ValueError(f"Invalid RecordIO magic at offset {offset}")
        offset += 8
        if offset + length > len(data):
            raise ValueError(f"Truncated record at offset {offset}")
        yield data[offset : offset + length]
        offset += (length + 3) // 4 * 4


def _matrix(rows: list[tuple[Any, Any, int]]) -> Any:
    if all(keys is None for _, keys, _ in rows):
        return np.vstack([values.reshape(1, -1) for values, _, _ in rows])
    from scipy import sparse

    keys = [np.arange(len(values)) if one is None else one for values, one, _ in rows]
    width = max(max(shape, int(one.max(initial=-1)) + 1) for one, (_, _, shape) in zip(keys, rows))
    starts = np.cumsum([0, *(len(one) for one in keys)])
    return sparse.csr_matrix(
        (np.concatenate([row[0] for row in rows]), np.concatenate(keys), starts), (len(rows), width)
    )


def _tensor(fields: list[tuple[int, int, Any]], number: int) -> tuple[Any, Any, int] | None:
    """Return values, keys (None if dense) and width of the tensor named `values` in one of Record's maps."""
    for field, _, entry in fields:
        if field != number:
            continue
        parts = {key: value for key, _, value in _fields(entry)}
        if parts.get(KEY) != NAME:
            continue
        for kind, _, tensor in _fields(parts.get(VALUE, b"")):
            if kind in TYPES:
                return _values(tensor, TYPES[kind])
    return None


def _values(tensor: bytes, dtype: str) -> tuple[Any, Any, int]:
    values, keys, shape = [], [], []
    for field, wire_type, content in _fields(tensor):
        if field == TENSOR_VALUES and dtype and wire_type == BYTES:
            values.append(np.frombuffer(content, dtype))
        elif field == TENSOR_VALUES and dtype:
            values.append(np.frombuffer(content, dtype, 1))
        elif field == TENSOR_VALUES:
            values.append(_integers(content, wire_type).astype(np.int32))
        elif field == TENSOR_KEYS:
            keys.append(_integers(content, wire_type))
        elif field == TENSOR_SHAPE:
            shape.append(_integers(content, wire_type))
    width = int(shape[0][0]) if shape and len(shape[0]) else 0
    numbers = np.concatenate(values) if values else np.array([], dtype or "<i4")
    return numbers, np.concatenate(keys) if keys else None, width


def _integers(content: Any, wire_type: int) -> Any:
    if wire_type == VARINT:
        return np.array([content], np.int64)
    numbers, offset = [], 0
    while offset < len(content):
        number, offset = _varint(content, offset)
        numbers.append(number if number < 1 << 63 else number - (1 << 64))
    return np.array(numbers, np.int64)


def _fields(message: bytes) -> Iterator[tuple[int, int, Any]]:
    """Yield number, wire type and content of each field of a protobuf message."""
    offset = 0
    while offset < len(message):
        key, offset = _varint(message, offset)
        number, wire_type = key >> 3, key & 7
        content: Any
        if wire_type == VARINT:
            content, offset = _varint(message, offset)
        elif wire_type in (FIXED64, FIXED32):
            size = 8 if wire_type == FIXED64 else 4
            content, offset = message[offset : offset + size], offset + size
        elif wire_type == BYTES:
            size, offset = _varint(message, offset)
            content, offset = message[offset : offset + size], offset + size
        else:
            raise ValueError(f"a record has a field of the unknown wire type {wire_type}")
        if offset > len(message):
            raise ValueError("a record ends in the middle of a field")
        yield number, wire_type, content


def _varint(message: bytes, offset: int) -> tuple[int, int]:
    number = shift = 0
    while offset < len(message) and shift < 70:
        byte = message[offset]
        number |= (byte & 0x7F) << shift
        offset, shift = offset + 1, shift + 7
        if byte < 0x80:
            return number, offset
    raise ValueError("a record ends in the middle of a number")
