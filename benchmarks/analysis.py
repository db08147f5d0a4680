"""Measure how long the analyzer takes for 10,000 captured records, and whether its memory grows with their number."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from aims import Aims
from PIL import Image

from image_classification.network.classifier import Classifier
from image_classification.network.onnx_export import to_onnx
from image_classification.network.resnets import network

RECORDS, FEW = 10_000, 2_500
SECONDS_AT_MOST, GROWTH_AT_MOST_MB = 20, 32
PROCESSOR_S_AT_MOST = 12  # hardly depends on the load of the machine, unlike the seconds
BEGAN = datetime(2026, 1, 31, tzinfo=UTC)
SHAPES = {"num_classes": 2, "multi_label": False, "preparation": {"channels": 3, "height": 32, "width": 32}}
# prints the peak of the process's memory and its processor time after the program has ended
PROGRAM = """
import resource, runpy, sys
sys.argv = ["image_monitoring"]
try:
    runpy.run_module("image_monitoring", run_name="__main__")
except SystemExit as end:
    if end.code:
        raise
usage = resource.getrusage(resource.RUSAGE_SELF)
print("usage", usage.ru_maxrss, usage.ru_utime + usage.ru_stime)
"""


def png(generator: np.random.Generator) -> bytes:
    """Return a soft random picture of 32 by 32 pixels, about as large as those of CIFAR-100."""
    small = Image.fromarray(generator.integers(0, 256, (6, 6, 3), np.uint8))
    buffer = io.BytesIO()
    small.resize((32, 32), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


def write_capture(folder: Path, count: int) -> None:
    """Write files of a thousand records."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(1)
    for first in range(0, count, 1000):
        with (folder / f"{first:06d}.jsonl").open("w") as file:
            for number in range(first, min(first + 1000, count)):
                file.write(record(png(generator), float(generator.random()), number))


def record(image: bytes, probability: float, number: int) -> str:
    time_ = BEGAN + timedelta(seconds=number)
    image_type, answer_type = "application/x-image", "application/json"
    document = {
        "captureData": {
            "endpointInput": {
                "observedContentType": image_type,
                "mode": "INPUT",
                "data": base64.b64encode(image).decode(),
                "encoding": "BASE64",
            },
            "endpointOutput": {
                "observedContentType": answer_type,
                "mode": "OUTPUT",
                "data": json.dumps([probability, 1 - probability]),
                "encoding": "JSON",
            },
        },
        "eventMetadata": {"eventId": str(number), "inferenceTime": f"{time_:%Y-%m-%dT%H:%M:%SZ}"},
        "eventVersion": "0",
    }
    return json.dumps(document) + "\n"


def write_model(folder: Path) -> None:
    folder.mkdir(parents=True)
    model = Classifier(network(None, 3, 2), torch.full((3,), 120.0), torch.full((3,), 60.0), True).eval()
    (folder / "model.onnx").write_bytes(to_onnx(model, (3, 32, 32), 2, False).SerializeToString())
    (folder / "model-shapes.json").write_text(json.dumps(SHAPES))


@dataclass(frozen=True)
class Usage:
    seconds: float
    processor_s: float
    peak_mb: float


def run(base: Path, **variables: str) -> Usage:
    environment = {**os.environ, **variables, "SAGEMAKER_BASE_DIR": str(base)}
    started = time.perf_counter()
    job = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    peak_kb, processor_s = job.stdout.rsplit("usage", 1)[1].split()
    return Usage(time.perf_counter() - started, float(processor_s), int(peak_kb) / 1024)


def analyze(folder: Path, baseline: Path, count: int) -> Usage:
    base = folder / str(count)
    write_capture(base / "processing/input/captured", count)
    return run(
        base,
        dataset_source="/opt/ml/processing/input/captured",
        baseline_statistics=str(baseline / "statistics.json"),
        baseline_constraints=str(baseline / "constraints.json"),
    )


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = folder / "baseline/processing/input"
        write_capture(inputs / "endpoint", 500)
        write_model(inputs / "model")
        run(folder / "baseline")
        baseline = folder / "baseline/processing/output"
        few = analyze(folder, baseline, FEW)
        many = analyze(folder, baseline, RECORDS)
    aims = Aims()
    aims.at_most(f"analysis of {RECORDS:,} captured records", many.seconds, SECONDS_AT_MOST, " s")
    aims.at_most("its processor time", many.processor_s, PROCESSOR_S_AT_MOST, " s")
    aims.at_most(f"more memory than for {FEW:,} records", many.peak_mb - few.peak_mb, GROWTH_AT_MOST_MB, " MB")
    return aims.exit_code()


if __name__ == "__main__":
    raise SystemExit(main())
