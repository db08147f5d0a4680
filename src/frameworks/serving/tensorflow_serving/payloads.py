"""Payloads of InvokeEndpoint as requests of TensorFlow Serving: JSON, JSON lines and CSV become `instances`.

Source: tensorflowServing.js of AWS's TensorFlow serving container
"""

from __future__ import annotations

import json
import re

from frameworks.inference.messages import CSV, JSON, JSON_LINES

JSON_TYPES = (JSON, JSON_LINES, "application/jsons")
ATTRIBUTE = re.compile(r"(tfs-[a-z\-]+)=([^,]+)")
OWN_KEYS = re.compile(r'"(instances|inputs|examples)"\s*:')
SEVERAL_DOCUMENTS = re.compile(r"[}\]]\s*[\[{]")
LIST_OF_LISTS = re.compile(r"\s*\[\s*\[")
QUOTED_OR_NUMBER = re.compile(r'\s*("|[\d.Ee+\-])')


class UnsupportedMediaType(Exception):
    """A content type that the container does not take."""


def attributes_of(header: str) -> dict[str, str]:
    """Return tfs-model-name, tfs-model-version and tfs-method of the custom attributes."""
    return dict(ATTRIBUTE.findall(header))


def request_of(body: str, content_type: str) -> str:
    """Return the request of TensorFlow Serving that a payload stands for. Raises UnsupportedMediaType."""
    if content_type in JSON_TYPES:
        return _of_json(body)
    if content_type == CSV:
        return _of_csv(body)
    raise UnsupportedMediaType(f"Unsupported Media Type: {content_type or 'Unknown'}")


def _of_json(body: str) -> str:
    if OWN_KEYS.search(body):
        return body
    if SEVERAL_DOCUMENTS.search(body):
        lines = [line.strip() for line in body.splitlines() if line.strip()]
        return f'{{"instances":{lines[0] if len(lines) == 1 else "[" + ",".join(lines) + "]"}}}'
    return f'{{"instances":{body if LIST_OF_LISTS.match(body) else "[" + body + "]"}}}'


def _of_csv(body: str) -> str:
    lines = [line.strip() for line in body.strip().splitlines() if line.strip()]
    are_texts = not QUOTED_OR_NUMBER.match(body)
    return f'{{"instances":[{",".join(_csv_instance(line, are_texts) for line in lines)}]}}'


def _csv_instance(line: str, is_text: bool) -> str:
    """Return a line as a list, or as one value where it has no comma."""
    values = ",".join(json.dumps(value) for value in line.split(",")) if is_text else line
    return f"[{values}]" if "," in line else values
