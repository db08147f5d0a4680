"""Predictions as the algorithm's answers: csv and json, and the selectable contents of SAGEMAKER_INFERENCE_OUTPUT.

Source: sagemaker_xgboost_container/algorithm_mode/serve.py and serve_utils.py
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from frameworks.inference.formats import write_csv_rows
from frameworks.inference.messages import CSV, JSON, JSON_LINES, UnsupportedFormat

RECORDIO = "application/x-recordio-protobuf"
ACCEPTED = (JSON, JSON_LINES, RECORDIO, CSV)
LABEL_KEYS = ("predicted_label", "labels")
SCORE_KEYS = ("raw_score", "raw_scores")
PROBABILITY_KEYS = ("probability", "probabilities")
REGRESSIONS = ("reg:squarederror", "reg:logistic", "reg:gamma", "reg:absoluteerror", "reg:tweedie")
KEYS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(REGRESSIONS, ("predicted_score",)),
    "binary:logistic": (*LABEL_KEYS, *PROBABILITY_KEYS, *SCORE_KEYS),
    "binary:logitraw": (*LABEL_KEYS, *SCORE_KEYS),
    "binary:hinge": (*LABEL_KEYS, *SCORE_KEYS),
    "multi:softmax": (*LABEL_KEYS, *SCORE_KEYS),
    "multi:softprob": (*LABEL_KEYS, *PROBABILITY_KEYS, *SCORE_KEYS),
}

log = logging.getLogger(__name__)


def accepted_type(header: str, default: str) -> str:
    """Return the type that an Accept header names. ValueError, with AWS's words, for one that is not supported."""
    name = header.split(";")[0].strip()
    if name in ("", "*/*"):
        return default
    if name.lower() not in ACCEPTED:
        raise ValueError(f"Accept type {name} is not supported. Please use supported accept types: {list(ACCEPTED)}.")
    return name.lower()


def plain_answer(predictions: Any, accept: str, is_batch: bool) -> str:
    """Return the predictions; a batch transform gets a line for each, whatever it accepts. Raises UnsupportedFormat."""
    values = predictions.tolist()
    if is_batch:
        return "\n".join(map(str, values)) + "\n"
    if accept == JSON:
        return json.dumps({"predictions": [{"score": value} for value in values]})
    if accept == CSV:
        return write_csv_rows(values)
    raise UnsupportedFormat(accept)


def selected_answer(selected: Sequence[Mapping[str, Any]], keys: Sequence[str], accept: str, is_batch: bool) -> str:
    """Return the selected contents of each prediction. ValueError for a type that is not supported here."""
    if accept == JSON:
        return json.dumps({"predictions": list(selected)})
    if accept == JSON_LINES:
        return "".join(json.dumps(one) + "\n" for one in selected)
    if accept == CSV:
        lines = "\n".join(",".join(_csv_value(one[key]) for key in keys) for one in selected)
        return lines + "\n" if is_batch else lines
    raise ValueError(f"Cannot encode selected predictions into accept type '{accept}'.")


def _csv_value(value: Any) -> str:
    return f'"{value}"' if isinstance(value, list) else str(value)


def selected_predictions(predictions: Any, keys: Sequence[str], objective: str, num_class: str) -> list[dict[str, Any]]:
    """Return the contents that `keys` names for each prediction; NaN for those that the objective does not have.

    ValueError, with AWS's words, for an objective without selectable contents.
    """
    if objective not in KEYS:
        raise ValueError(f"Objective `{objective}` unsupported for selectable inference predictions.")
    if unknown := set(keys) - set(KEYS[objective]):
        log.warning("Selected key(s) %s incompatible for objective '%s'.", unknown, objective)
    contents: dict[str, Callable[[Any], Any]] = {
        "predicted_label": lambda raw: _label(objective, raw),
        "labels": lambda _: _labels(objective, num_class),
        "probability": _score,
        "probabilities": _scores,
        "raw_score": _score,
        "raw_scores": _scores,
        "predicted_score": lambda raw: raw.item(),
    }
    return [{key: contents[key](raw) if key in KEYS[objective] else math.nan for key in keys} for raw in predictions]


def _label(objective: str, raw: Any) -> Any:
    if objective in ("binary:hinge", "multi:softmax"):
        return raw.item()
    if objective == "multi:softprob":
        return int(np.argmax(raw))
    return int(raw > (0.5 if objective == "binary:logistic" else 0))


def _labels(objective: str, num_class: str) -> Any:
    if objective.startswith("binary:"):
        return [0, 1]
    return list(range(int(num_class))) if num_class else math.nan


def _score(raw: Any) -> Any:
    """Return the score of the winning class, or of class 1."""
    return max(raw).item() if np.ndim(raw) else raw.item()


def _scores(raw: Any) -> Any:
    return raw.tolist() if np.ndim(raw) else [1.0 - raw.item(), raw.item()]
