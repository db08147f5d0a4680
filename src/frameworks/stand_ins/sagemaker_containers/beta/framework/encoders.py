"""Read and write npy, csv and json."""

from __future__ import annotations

from typing import Any

from frameworks.inference import formats

array_to_npy, array_to_json, array_to_csv = formats.write_npy, formats.write_json, formats.write_csv_rows
npy_to_numpy, json_to_numpy, csv_to_numpy = formats.read_npy, formats.read_json, formats.read_csv_rows


def decode(obj: Any, content_type: str) -> Any:
    """Return the body as an array. Raises UnsupportedFormat."""
    return formats.decode(obj, content_type, formats.CONTAINERS_DECODERS)


def encode(array_like: Any, content_type: str) -> Any:
    """Return the value as text or bytes. Raises UnsupportedFormat."""
    return formats.encode(array_like, content_type, formats.CONTAINERS_ENCODERS)
