"""Hyperparameters as arguments. Source: sagemaker_training/mapping.py, to_cmd_args."""

from __future__ import annotations

from typing import Any

import pytest

from frameworks.contract.configuration import decoded
from frameworks.training.encoding import arguments_of

ROWS: list[tuple[str, list[str]]] = [  # as hyperparameters.json has it, and as the script gets it
    ("3", ["3"]),
    ("0.01", ["0.01"]),
    ("1e-05", ["1e-05"]),
    ('"bay"', ["bay"]),
    ('"3"', ["3"]),
    ("bay", ["bay"]),
    ("two bays", ["two bays"]),
    ('"two \\"bays\\""', ['two "bays"']),
    ("true", ["True"]),
    ("null", [""]),
    ("[1, 2]", ["[1, 2]"]),
    ('{"b": 2, "a": 1}', ["a=1,b=2"]),
    ("", [""]),
]


@pytest.mark.parametrize(("written", "expected"), ROWS)
def test_a_value_is_decoded_and_written_as_one_argument(written: str, expected: list[str]) -> None:
    assert arguments_of(decoded({"value": written})) == ["--value", *expected]


def test_arguments_are_sorted_and_one_letter_has_one_dash() -> None:
    given: dict[str, Any] = {"x": 1, "batch-size": 2, "a_b": 3}
    assert arguments_of(given) == ["--a_b", "3", "--batch-size", "2", "-x", "1"]
