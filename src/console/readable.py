"""JSON as people read it: indented, with long texts cut."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

TEXT_MAX = 300
SHOWN = 80
CHARACTERS_MAX = 20_000


def readable(text: str) -> str:
    """Return JSON indented; long texts in it, such as images in base64, are cut. Other text is returned as it is."""
    with suppress(ValueError, RecursionError):  # it is no JSON, or nested too deeply
        text = json.dumps(_shortened(json.loads(text)), indent=2, ensure_ascii=False)
    return _cut(text, CHARACTERS_MAX)


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > TEXT_MAX:
        return f"{value[:SHOWN]}… ({len(value):,} characters)"
    if isinstance(value, list):
        return [_shortened(each) for each in value]
    if isinstance(value, dict):
        return {key: _shortened(each) for key, each in value.items()}
    return value


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}\n… ({len(text):,} characters)"
