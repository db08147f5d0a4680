"""Values of TensorFlow Serving's REST API and arrays: a pure translation.

Source: TensorFlow Serving, RESTful API, and its util/json_tensor.cc
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np


class BadRequest(Exception):
    """The request is not one of TensorFlow Serving's predict API."""


def inputs_of(document: Any, names: list[str]) -> tuple[dict[str, Any], bool]:
    """Return the value of each input, and whether the answer is by rows.

    `names` are the inputs of the signature. `instances` has a row for each example, `inputs` a column for each input.
    """
    if not isinstance(document, dict):
        raise BadRequest("JSON Value: the request must be an object with either 'instances' or 'inputs'")
    if "instances" in document and "inputs" in document:
        raise BadRequest("Not formatted correctly expects only one of 'instances' or 'inputs' key")
    if "instances" in document:
        return _columns(document["instances"], names), True
    if "inputs" in document:
        return _named(document["inputs"], names, "inputs"), False
    raise BadRequest("Missing 'inputs' or 'instances' key")


def _columns(instances: Any, names: list[str]) -> dict[str, Any]:
    if not isinstance(instances, list) or not instances:
        raise BadRequest("Request has no 'instances': a list of at least one example is expected")
    if all(_is_object(instance) for instance in instances):
        if any(set(instance) != set(names) for instance in instances):
            raise BadRequest(f"instances is an object, but its keys are not the inputs of the signature: {names}")
        return {name: [decoded(instance[name]) for instance in instances] for name in names}
    if any(_is_object(instance) for instance in instances):
        raise BadRequest("instances must be either all objects or all plain values")
    return {_only(names, "instances"): decoded(instances)}


def _named(inputs: Any, names: list[str], what: str) -> dict[str, Any]:
    if not _is_object(inputs):
        return {_only(names, what): decoded(inputs)}
    if set(inputs) != set(names):
        raise BadRequest(f"{what} has {sorted(inputs)}, but the inputs of the signature are {names}")
    return {name: decoded(value) for name, value in inputs.items()}


def _only(names: list[str], what: str) -> str:
    if len(names) != 1:
        raise BadRequest(f"{what} is a plain value, but the signature has {len(names)} inputs: {names}")
    return names[0]


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and set(value) != {"b64"}


def decoded(value: Any) -> Any:
    """Replace each {"b64": …} by its bytes."""
    if isinstance(value, list):
        return [decoded(one) for one in value]
    if isinstance(value, dict):
        if set(value) != {"b64"}:
            raise BadRequest(f"a value is an object with the keys {sorted(value)}: only b64 is possible there")
        return base64.b64decode(value["b64"])
    return value


def answer_of(outputs: Mapping[str, Any], by_rows: bool) -> dict[str, Any]:
    """Return the answer of the predict API: `predictions` by rows, or `outputs` by columns."""
    values = {name: encoded(np.asarray(array), name) for name, array in outputs.items()}
    only = next(iter(values.values())) if len(values) == 1 else None
    if not by_rows:
        return {"outputs": values if only is None else only}
    if only is not None:
        return {"predictions": only}
    rows = zip(*values.values())
    return {"predictions": [dict(zip(values, row)) for row in rows]}


def encoded(array: Any, name: str) -> Any:
    """Return an array as lists. Floats of 32 bits have nine digits; bytes are text unless the name ends with _bytes."""
    if array.dtype.kind in "OSU":
        return _texts(array.tolist(), name.endswith("_bytes"))
    if array.dtype == np.float32:
        return _rounded(array.tolist())
    return array.tolist()


def _rounded(value: Any) -> Any:
    return [_rounded(one) for one in value] if isinstance(value, list) else float(f"{value:.9g}")


def _texts(value: Any, as_base64: bool) -> Any:
    if isinstance(value, list):
        return [_texts(one, as_base64) for one in value]
    data = value if isinstance(value, bytes) else str(value).encode()
    return {"b64": base64.b64encode(data).decode()} if as_base64 else data.decode(errors="replace")
