"""Write an answer's body."""

from __future__ import annotations

from typing import Any

from frameworks.inference import formats

SUPPORTED_CONTENT_TYPES = set(formats.INFERENCE_ENCODERS)


def encode(array_like: Any, content_type: str) -> Any:
    """Return the value as text or bytes. Raises UnsupportedFormat."""
    return formats.encode(array_like, content_type, formats.INFERENCE_ENCODERS)
