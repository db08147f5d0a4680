"""Outputs of Lambda and Callback steps: read by their types, and shown as AWS shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagemaker_emulator.pipelines.definitions.expressions import text_of
from sagemaker_emulator.pipelines.definitions.parameters import read_value

TEXT_MAX = 1024


def typed_outputs(types: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs that a step declares. Raises ValueError for one that is missing or not of its type."""
    outputs: dict[str, Any] = {}
    for name, type_name in types.items():
        if name not in values:
            raise ValueError(f"The output parameter '{name}' is missing.")
        try:
            outputs[name] = read_value(type_name, text_of(values[name]))
        except ValueError as error:
            raise ValueError(f"The output parameter '{name}': {error}.") from None
    return outputs


def shown(outputs: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return OutputParameters of a step's Metadata."""
    return [{"Name": name, "Value": text_of(value)[:TEXT_MAX]} for name, value in outputs.items()]
