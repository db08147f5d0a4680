"""Small pictures for the analyzer's tests, and captured records of them."""

from __future__ import annotations

import base64
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Images = npt.NDArray[np.uint8]
BEGAN = datetime(2026, 1, 31, 9, tzinfo=UTC)


def pictures(count: int, seed: int, brightness: float = 1.0, size: int = 16) -> Images:
    """Return soft random pictures: a gradient of two colors, and some noise."""
    generator = np.random.default_rng(seed)
    ramp = np.linspace(0, 1, size)[:, None, None]
    colors = generator.uniform(40, 215, (2, count, 1, 1, 3))
    soft = colors[0] * (1 - ramp) + colors[1] * ramp + generator.normal(0, 6, (count, size, size, 3))
    result: Images = np.clip(soft * brightness, 0, 255).astype(np.uint8)
    return result


def png(image: Images) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def answers(count: int, seed: int) -> list[list[float]]:
    probabilities = np.random.default_rng(seed).beta(2, 2, count)
    return [[float(value), float(1 - value)] for value in probabilities]


def captured(image: bytes, answer: list[float], number: int, **more: Any) -> dict[str, Any]:
    """Return a record as AWS writes it."""
    time = BEGAN + timedelta(seconds=number)
    return {
        "captureData": {
            "endpointInput": {
                "observedContentType": "application/x-image",
                "mode": "INPUT",
                "data": base64.b64encode(image).decode(),
                "encoding": "BASE64",
            },
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": json.dumps(answer),
                "encoding": "JSON",
            },
        },
        "eventMetadata": {"eventId": f"event-{number}", "inferenceTime": f"{time:%Y-%m-%dT%H:%M:%SZ}", **more},
        "eventVersion": "0",
    }


def write_capture(folder: Path, images: Images, seed: int = 0, first: int = 0) -> None:
    """Write the records of a file as data capture names it."""
    path = folder / "AllTraffic" / f"{BEGAN:%Y/%m/%d/%H}" / f"00-00-{first:03d}-file.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    pairs = zip(images, answers(len(images), seed), strict=True)
    lines = [json.dumps(captured(png(image), answer, first + number)) for number, (image, answer) in enumerate(pairs)]
    path.write_text("".join(f"{line}\n" for line in lines))
