"""Predictions with their ground truth: columns of a baseline, or captured records that were merged with labels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from image_monitoring.contract import Contract, InputError
from image_monitoring.tabular.flattening import column_name, csv_lines, is_csv, payload_text
from image_monitoring.tabular.records import Dataset
from image_monitoring.tabular.scripts import PREPROCESS, load_handler, preprocessed

PATH_PART = re.compile(r"[^.\[\]$'\"]+")
THRESHOLD = 0.5


@dataclass(frozen=True)
class Prediction:
    """One prediction. `probability` is that of the positive class, or None if the job names no probability."""

    label: str
    prediction: str
    probability: float | None = None


@dataclass(frozen=True)
class Attributes:
    """The places of prediction, probability and label: names or numbers of columns, or paths into JSON."""

    inference: str | None
    probability: str | None
    ground_truth: str | None
    threshold: float

    @classmethod
    def of(cls, contract: Contract) -> Attributes:
        """Return the job's attributes. Raises InputError if it names neither predictions nor probabilities."""
        variables = contract.variables
        inference, probability = variables.get("inference_attribute"), variables.get("probability_attribute")
        if not inference and not probability:
            raise InputError("a model quality job needs the variable inference_attribute or probability_attribute")
        text = variables.get("probability_threshold_attribute") or str(THRESHOLD)
        try:
            threshold = float(text)
        except ValueError as error:
            raise InputError(f"probability_threshold_attribute is {text!r}: it must be a number") from error
        return cls(inference, probability, variables.get("ground_truth_attribute"), threshold)


def read_predictions(dataset: Dataset, attributes: Attributes) -> Iterator[Prediction]:
    """Yield the predictions of a dataset. Raises InputError if a row lacks a column that the job names."""
    if dataset.is_captured:
        yield from _merged(dataset, attributes)
        return
    if not attributes.ground_truth:
        raise InputError("the baseline of a model quality job needs the variable ground_truth_attribute")
    for row in dataset.rows():
        label = _column(row, attributes.ground_truth)
        prediction = _column(row, attributes.inference) if attributes.inference else None
        yield _prediction(label, prediction, _probability_in(row, attributes), attributes)


def canonical(value: Any) -> str:
    """Return a label as text: `1`, `1.0` and `true` are one label."""
    if isinstance(value, bool):
        return str(int(value))
    text = str(value).strip()
    try:
        number = float(text)
    except ValueError:
        return {"true": "1", "false": "0"}.get(text.lower(), text)
    return str(int(number)) if number.is_integer() else repr(number)


def _probability_in(row: Mapping[str, Any], attributes: Attributes) -> Any:
    return _column(row, attributes.probability) if attributes.probability else None


def _column(row: Mapping[str, Any], name: str) -> Any:
    key = name if name in row else column_name(int(name)) if name.isdigit() else name
    if key not in row:
        raise InputError(f"the dataset has no column {name!r}; it has {', '.join(list(row)[:10])}")
    return row[key]


def _merged(dataset: Dataset, attributes: Attributes) -> Iterator[Prediction]:
    """Yield the predictions of merged records. Records without ground truth are left out."""
    handler = load_handler(dataset.contract.path("record_preprocessor_script"), PREPROCESS)
    for record in dataset.records():
        truth = record.get("groundTruthData")
        if not truth:
            continue
        label = next(iter(csv_lines(payload_text(truth))), [None])[0]
        if handler:
            for row in preprocessed(handler, record):
                prediction = _column(row, attributes.inference) if attributes.inference else None
                yield _prediction(label, prediction, _probability_in(row, attributes), attributes)
            continue
        side = record["captureData"].get("endpointOutput") or {}
        prediction = _in_side(side, attributes.inference) if attributes.inference else None
        probability = _in_side(side, attributes.probability) if attributes.probability else None
        yield _prediction(label, prediction, probability, attributes)


def _in_side(side: Mapping[str, Any], attribute: str) -> Any:
    """Return the value at a column's number, or at a path such as `predictions[0].score`."""
    text = payload_text(side)
    try:
        document = csv_lines(text)[0] if is_csv(side) else json.loads(text)
        for part in PATH_PART.findall(attribute):
            document = document[int(part)] if isinstance(document, list) else document[part]
    except (LookupError, TypeError, ValueError) as error:
        raise InputError(f"the answer {text[:80]!r} has nothing at {attribute!r}") from error
    return document


def _prediction(label: Any, prediction: Any, probability: Any, attributes: Attributes) -> Prediction:
    if label is None:
        raise InputError("a record has no ground truth in its column")
    chance: float | None = None
    if probability is not None:
        try:
            chance = float(probability)
        except (TypeError, ValueError) as error:
            raise InputError(f"the probability {probability!r} is not a number") from error
    if prediction is None:
        if chance is None:
            raise InputError("a record has neither a prediction nor a probability")
        prediction = int(chance >= attributes.threshold)
    return Prediction(canonical(label), canonical(prediction), chance)
