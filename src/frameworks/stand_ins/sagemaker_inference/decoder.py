"""Read a request's body."""

from __future__ import annotations

from typing import Any

from frameworks.inference import formats


def decode(obj: Any, content_type: str) -> Any:
    """Return the body as an array. Raises UnsupportedFormat."""
    return formats.decode(obj, content_type, formats.INFERENCE_DECODERS)
