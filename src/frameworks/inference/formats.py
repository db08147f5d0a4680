"""The formats of the default handlers: npy, csv, json and npz, read and written as AWS's two toolkits do.

`sagemaker-inference` (PyTorch) and `sagemaker-containers` (scikit-learn, XGBoost) differ only in CSV. npy is read
without pickles, as in AWS's images since March 2026: objects in an array would run code of whoever sends the request.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any, Union

import numpy as np

from frameworks.inference.messages import CSV, JSON, NPY, NPZ, UnsupportedFormat

Content = Union[str, bytes]
Decoder = Callable[[Any], Any]
Encoder = Callable[[Any], Content]


def read_npy(content: bytes) -> Any:
    return np.load(io.BytesIO(content), allow_pickle=False)


def read_npz(content: bytes) -> Any:
    """Return a scipy sparse matrix."""
    from scipy import sparse

    return sparse.load_npz(io.BytesIO(content))


def read_json(content: str) -> Any:
    return np.array(json.loads(content))


def read_csv_by_columns(content: str) -> Any:
    """Return an array as `sagemaker-inference` reads it: each column has the type of its values."""
    return np.genfromtxt(io.StringIO(content), dtype=None, delimiter=",", encoding="utf-8")


def read_csv_rows(content: str) -> Any:
    """Return an array as `sagemaker-containers` reads it: without dimensions of size 1; all text if one value is."""
    rows = list(csv.reader(io.StringIO(content), strict=True))
    array = np.array(rows).squeeze()
    try:
        return array.astype(np.float64)
    except ValueError:
        return array


def write_npy(value: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, value, allow_pickle=False)
    return buffer.getvalue()


def write_json(value: Any) -> str:
    return json.dumps(value, default=_as_list)


def write_csv_by_columns(value: Any) -> str:
    """Return CSV as `sagemaker-inference` writes it: a line for each row, or for each value of a vector."""
    stream = io.StringIO()
    np.savetxt(stream, value, delimiter=",", fmt="%s")
    return stream.getvalue()


def write_csv_rows(value: Any) -> str:
    """Return CSV as `sagemaker-containers` writes it: quoted where needed; a vector is a column."""
    array = np.array(value)
    rows = array.reshape(-1, 1) if array.ndim == 1 else array
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n", strict=True).writerows(rows)
    return stream.getvalue()


def _as_list(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


# Source: sagemaker_inference/decoder.py and encoder.py
INFERENCE_DECODERS: Mapping[str, Decoder] = {
    NPY: read_npy,
    CSV: read_csv_by_columns,
    JSON: read_json,
    NPZ: read_npz,
}
INFERENCE_ENCODERS: Mapping[str, Encoder] = {NPY: write_npy, CSV: write_csv_by_columns, JSON: write_json}
# Source: sagemaker_containers/_encoders.py
CONTAINERS_DECODERS: Mapping[str, Decoder] = {NPY: read_npy, CSV: read_csv_rows, JSON: read_json}
CONTAINERS_ENCODERS: Mapping[str, Encoder] = {NPY: write_npy, CSV: write_csv_rows, JSON: write_json}


def decode(content: Content, content_type: str, decoders: Mapping[str, Decoder]) -> Any:
    """Return the content as an array. Raises UnsupportedFormat."""
    if content_type not in decoders:
        raise UnsupportedFormat(content_type)
    return decoders[content_type](content)


def encode(value: Any, content_type: str, encoders: Mapping[str, Encoder]) -> Content:
    """Return the value as text or bytes. Raises UnsupportedFormat."""
    if content_type not in encoders:
        raise UnsupportedFormat(content_type)
    return encoders[content_type](value)
