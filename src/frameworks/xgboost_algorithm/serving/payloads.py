"""Payloads of inference as a DMatrix: csv, libsvm and recordio-protobuf, without labels.

Source: sagemaker_xgboost_container/encoder.py and algorithm_mode/serve_utils.py
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import numpy as np
import xgboost as xgb

from frameworks.inference.messages import UnsupportedFormat
from frameworks.xgboost_algorithm.content_types import CSV, LIBSVM, RECORDIO, format_of
from frameworks.xgboost_algorithm.errors import UserError
from frameworks.xgboost_algorithm.records import read_records

SNIFFED_CHARACTERS = 512


class UnreadablePayload(Exception):
    """The payload does not match its content type, or that type is not for inference. The text is AWS's."""


def matrix_of(payload: bytes, content_type: str) -> xgb.DMatrix:
    """Return a payload for script mode. Raises UnsupportedFormat for other types, and what the reader raises."""
    try:
        return READERS[format_of(content_type)](payload)
    except (UserError, KeyError) as error:
        raise UnsupportedFormat(content_type.split(";")[0]) from error


def matrix_for_algorithm(payload: bytes, content_type: str) -> xgb.DMatrix:
    """Return a payload for the algorithm. Raises UnreadablePayload."""
    try:
        data_format = format_of(content_type or None)
    except UserError as error:
        raise UnreadablePayload(str(error)) from error
    if data_format not in READERS:
        raise UnreadablePayload(f"Content-type {content_type} is not supported.")
    try:
        return READERS[data_format](payload)
    except (ValueError, IndexError, csv.Error, xgb.core.XGBoostError) as error:
        raise UnreadablePayload(
            f"Loading {data_format} data failed with Exception, please ensure data is in {data_format} format:\n"
            f" {type(error)}\n {error}"
        ) from error


def _read_csv(payload: bytes) -> xgb.DMatrix:
    return xgb.DMatrix(csv_rows(payload.decode().strip()))


def csv_rows(text: str) -> Any:
    """Return the numbers, NaN for empty fields. The delimiter is found in the first line."""
    sniffed = csv.Sniffer().sniff(text.split("\n")[0][:SNIFFED_CHARACTERS]).delimiter
    delimiter = "," if sniffed.isalnum() else sniffed
    return np.array([[field or "nan" for field in line.split(delimiter)] for line in text.split("\n")]).astype(float)


def _read_libsvm(payload: bytes) -> xgb.DMatrix:
    return xgb.DMatrix(libsvm_rows(payload.decode().strip()))


def libsvm_rows(text: str) -> Any:
    """Return a scipy matrix. Indices that begin with 1 are shifted to 0."""
    from scipy import sparse

    rows, columns, values = [], [], []
    for number, line in enumerate(text.split("\n")):
        for index, _, value in (word.partition(":") for word in line.split() if ":" in word):
            rows.append(number)
            columns.append(int(index))
            values.append(float(value))
    first = min(columns, default=0)
    indices = np.array(columns, int) - (1 if first >= 1 else 0)
    return sparse.csr_matrix((np.array(values, float), (np.array(rows, int), indices)))


def _read_recordio(payload: bytes) -> xgb.DMatrix:
    features, labels = read_records(payload)
    return xgb.DMatrix(features, label=labels)


READERS: dict[str, Callable[[bytes], xgb.DMatrix]] = {CSV: _read_csv, LIBSVM: _read_libsvm, RECORDIO: _read_recordio}
