"""The formats of AWS's Hugging Face container: what a pipeline takes and gives, beside npy, csv and json.

Source: sagemaker_huggingface_inference_toolkit/decoder_encoder.py and content_types.py
"""

from __future__ import annotations

import base64
import csv
import io
import json
from datetime import datetime
from typing import Any

import numpy as np

from frameworks.inference.formats import read_npy, write_npy
from frameworks.inference.messages import CSV, JSON, NPY, UnsupportedFormat

IMAGE_TYPES = (
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/bmp",
    "image/gif",
    "image/webp",
    "image/x-image",
)
AUDIO_TYPES = ("audio/x-flac", "audio/mpeg", "audio/wave", "audio/ogg", "audio/x-audio")
CSV_COLUMNS = ("question", "context", "inputs")


class UnusableContent(Exception):
    """The content is of a known type, but the container cannot use it."""


def decode(content: Any, content_type: str) -> Any:
    """Return what the pipeline is called with, most often a dict with `inputs`. Raises UnsupportedFormat."""
    if content_type == JSON:
        return json.loads(content)
    if content_type == CSV:
        return read_csv(content)
    if content_type == NPY:
        return read_npy(content)
    if content_type in IMAGE_TYPES:
        return {"inputs": read_image(content)}
    if content_type in AUDIO_TYPES:
        return {"inputs": bytes(content)}
    raise UnsupportedFormat(content_type)


def encode(prediction: Any, accept: str) -> Any:
    """Return a pipeline's answer as text or bytes. Raises UnsupportedFormat."""
    if accept == JSON:
        options: dict[str, Any] = {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}
        return json.dumps(prediction, default=_json_value, **options)
    if accept == CSV:
        return write_csv(prediction)
    if accept == NPY:
        return write_npy(prediction)
    if accept in IMAGE_TYPES:
        return _image_bytes(prediction, "PNG" if accept == "image/x-image" else accept.split("/")[1].upper())
    raise UnsupportedFormat(accept)


def read_csv(content: str) -> dict[str, Any]:
    """Return the column `inputs`, or each row as a dict. The first line names the columns."""
    first_line = (content.splitlines() or [""])[0].lower()
    if not any(name in first_line for name in CSV_COLUMNS):
        raise UnusableContent(
            "You need to provide the correct CSV with Header columns to use it with the inference toolkit default "
            "handler."
        )
    rows = list(csv.DictReader(io.StringIO(content)))
    if rows and "inputs" in rows[0]:
        return {"inputs": [row["inputs"] for row in rows]}
    return {"inputs": rows}


def write_csv(prediction: Any) -> str:
    rows = prediction if isinstance(prediction, list) else list(prediction)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def read_image(content: bytes) -> Any:
    from PIL import Image

    return Image.open(io.BytesIO(content)).convert("RGB")


def _image_bytes(image: Any, image_format: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=image_format)
    return buffer.getvalue()


def _json_value(value: Any) -> Any:
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.floating):
        return float(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, datetime):
        return str(value)
    if hasattr(value, "save") and hasattr(value, "convert"):  # a picture of Pillow
        return base64.b64encode(_image_bytes(value, "PNG")).decode()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
