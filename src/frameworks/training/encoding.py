"""Hyperparameters as command line arguments, and values as variables: the forms that AWS's toolkit gives them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def arguments_of(hyperparameters: Mapping[str, Any]) -> list[str]:
    """Return `--name value` for each hyperparameter, sorted by name; a name of one letter gets one dash."""
    arguments = []
    for name in sorted(hyperparameters):
        dashes = "--" if len(name) > 1 else "-"
        arguments += [f"{dashes}{name}" if name else "", _argument(hyperparameters[name])]
    return arguments


def _argument(value: Any) -> str:
    """Return a decoded value as one word: a dict as `key=value,…`, anything else as Python writes it."""
    if isinstance(value, dict):
        return ",".join(f"{name}={item}" for name, item in sorted(value.items()))
    return "" if value is None else str(value)


def variables_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Return `SM_<NAME>` for each value. Dashes stay, as on AWS, so a shell cannot read SM_HP_BATCH-SIZE."""
    return {f"SM_{name.upper()}": _variable(value) for name, value in values.items()}


def _variable(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
