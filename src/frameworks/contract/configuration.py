"""The JSON files that SageMaker puts into `/opt/ml/input/config` before it starts a training container."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def read_config(path: Path) -> dict[str, Any]:
    """Return the object in a file. Raises OSError or ValueError, as AWS's toolkit does, if there is none."""
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return config


def decoded(hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Decode hyperparameters, which the SDK's framework estimators encode as JSON; keep other texts as they are."""
    return {name: _decoded(value) for name, value in hyperparameters.items()}


def _decoded(value: Any) -> Any:
    try:
        return json.loads(value)
    except (ValueError, TypeError, RecursionError):
        return value
