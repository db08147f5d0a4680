"""Numbers about a model's answers: the class, how sure it is, and the probabilities themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
PREDICTED, CONFIDENCE = "predicted_class", "confidence"
PROBABILITY = "probability_"
CLASSES_COMPARED = 20  # each compared probability makes the correction for many tests stricter


def names(classes: int) -> tuple[str, ...]:
    """Return the columns of `measure`. With two classes, one probability says everything."""
    compared = 1 if classes == 2 else min(classes, CLASSES_COMPARED)
    return (PREDICTED, CONFIDENCE, *(f"{PROBABILITY}{index}" for index in range(compared)))


def measure(answers: Sequence[tuple[float, ...]], classes: int) -> Floats:
    """Return a row for each answer, in the order of `names`; NaN for an answer of another length."""
    columns = names(classes)
    rows = np.full((len(answers), len(columns)), np.nan)
    usable = [index for index, answer in enumerate(answers) if len(answer) == classes and classes > 0]
    if usable:
        values = np.array([answers[index] for index in usable], np.float64)
        described = (values.argmax(1), values.max(1))
        rows[usable] = np.column_stack([*described, values[:, : len(columns) - len(described)]])
    return rows
