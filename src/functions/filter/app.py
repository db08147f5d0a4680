"""Filter: pass on a prediction if its highest probability reaches the threshold."""

import json
import math
import os
from typing import Any


class FilterError(Exception):
    """The base of this function's errors."""


class ThresholdConfidenceNotMet(FilterError):
    """The highest probability is below the threshold. The workflow catches this error by its name."""


class InferencesMissing(FilterError):
    """The event has no list of probabilities."""


class ThresholdNotUnderstood(FilterError):
    """The THRESHOLD variable is not a probability."""


def lambda_handler(event: object, context: object) -> dict[str, Any]:
    body = body_of(event)
    inferences = probabilities_in(body.get("inferences"))
    check_confidence(max(inferences), threshold_from(os.environ.get("THRESHOLD", ".93")))
    passed_on = {name: body.get(name, "") for name in ("image_data", "s3_bucket", "s3_key")}
    return {"statusCode": 200, "body": {**passed_on, "inferences": inferences}}


def threshold_from(text: str) -> float:
    try:
        threshold = float(text)
    except ValueError:
        threshold = math.nan
    if not 0 <= threshold <= 1:
        raise ThresholdNotUnderstood(f"THRESHOLD is {text!r}; it should be a probability from 0 to 1, such as .93")
    return threshold


def body_of(event: object) -> dict[str, Any]:
    """Return the fields of a task's result (`Payload`), a response (`body`) or a bare event. Each may be JSON text.

    A list is the inferences themselves.
    """
    if isinstance(event, str):
        event = parse_json(event)
    if not isinstance(event, dict):
        return {"inferences": event}
    wrapper = next((name for name in ("Payload", "body") if name in event), None)
    return {**event, **body_of(event[wrapper])} if wrapper else event


def parse_json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InferencesMissing(f"the inferences are text that is not JSON: {text!r:.80} ({error})") from error


def probabilities_in(inferences: object) -> list[float]:
    if isinstance(inferences, str):
        inferences = parse_json(inferences)
    if not isinstance(inferences, list) or not inferences or not all(map(is_probability, inferences)):
        raise InferencesMissing(
            f"inferences is {inferences!r:.80}; it should be a list of probabilities, such as [0.97, 0.03]"
        )
    return [float(probability) for probability in inferences]


def is_probability(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def check_confidence(confidence: float, threshold: float) -> None:
    if confidence < threshold:
        raise ThresholdConfidenceNotMet(
            f"THRESHOLD_CONFIDENCE_NOT_MET: confidence {confidence:.4f} is below the threshold {threshold:g}"
        )
