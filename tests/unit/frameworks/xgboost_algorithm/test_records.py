"""recordio-protobuf, as the SageMaker SDK writes it."""

from __future__ import annotations

import io

import numpy as np
import pytest

from frameworks.xgboost_algorithm.records import read_records
from scones.sagemaker_sdk import quiet

with quiet():
    from sagemaker.amazon.common import write_numpy_to_dense_tensor

ROWS = [[1.5, -2.0, 3.0], [4.0, 5.0, 6.0]]


def written(dtype: str, labels: list[float] | None) -> bytes:
    buffer = io.BytesIO()
    write_numpy_to_dense_tensor(buffer, np.array(ROWS, dtype), None if labels is None else np.array(labels, dtype))
    return buffer.getvalue()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_dense_records_with_labels(dtype: str) -> None:
    features, labels = read_records(written(dtype, [0, 1]))
    np.testing.assert_array_equal(features, np.array(ROWS, dtype))
    assert labels is not None
    assert labels.tolist() == [0, 1]


def test_records_without_labels() -> None:
    features, labels = read_records(written("float32", None))
    assert features.shape == (2, 3)
    assert labels is None


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: b"x" + data, "Invalid RecordIO magic at offset 0"),
        (lambda data: data[:-8], "Truncated record"),
        (lambda data: b"", "No records found in RecordIO-Protobuf data"),
    ],
)
def test_damaged_records_are_refused(damage: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_records(damage(written("float32", [0, 1])))  # type: ignore[operator]
