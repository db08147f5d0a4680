"""The JSON files that SageMaker puts into `/opt/ml/input/config` before it starts a training container."""

import json
from pathlib import Path
from typing import Any

from image_classification.failure import PlatformError


def read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PlatformError(
            f"The file {path} is missing: SageMaker writes it before it starts a training container."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise PlatformError(f"The file {path} cannot be read as JSON: {error}") from error
    if not isinstance(config, dict):
        raise PlatformError(f"The file {path} holds a {type(config).__name__} instead of an object.")
    return config
