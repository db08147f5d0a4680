"""Prepare a folder like a container's /opt/ml from an archive in CIFAR-100's format, with its two classes."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

BICYCLE, MOTORCYCLE = 8, 48
CHANNELS = ("train", "validation")
CHANNEL = {"ContentType": "application/x-image", "TrainingInputMode": "File", "RecordWrapperType": "None"}


@dataclass(frozen=True)
class Example:
    image: Image.Image
    label: int


def examples(archive: Path) -> dict[str, list[Example]]:
    """Return the examples of each channel: the archive's training images, and its test images for validation."""
    with tarfile.open(archive) as members:
        return {
            channel: list(_examples(members, f"cifar-100-python/{name}"))
            for channel, name in zip(CHANNELS, ("train", "test"), strict=True)
        }


def _examples(members: tarfile.TarFile, name: str) -> Iterator[Example]:
    file = members.extractfile(name)
    assert file is not None
    content: dict[bytes, Any] = pickle.load(file, encoding="bytes")  # noqa: S301 an archive that the user names
    for label, planes in zip(content[b"fine_labels"], content[b"data"], strict=True):
        if label in (BICYCLE, MOTORCYCLE):
            image = Image.fromarray(planes.reshape(3, 32, 32).transpose(1, 2, 0))
            yield Example(image, int(label == MOTORCYCLE))


def lay_out(base: Path, channels: Mapping[str, Sequence[Example]], hyperparameters: Mapping[str, str]) -> None:
    for channel, content in channels.items():
        images, manifest = base / "input/data" / channel, base / "input/data" / f"{channel}_lst" / f"{channel}.lst"
        images.mkdir(parents=True)
        manifest.parent.mkdir()
        for number, example in enumerate(content):
            example.image.save(images / f"{number}.png")
        lines = [f"{number}\t{example.label}\t{number}.png\n" for number, example in enumerate(content)]
        manifest.write_text("".join(lines))
    names = [*channels, *(f"{channel}_lst" for channel in channels)]
    documents: dict[str, Any] = {
        "hyperparameters": hyperparameters,
        "inputdataconfig": {name: {**CHANNEL, "S3DistributionType": "FullyReplicated"} for name in names},
        "resourceconfig": {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "lo"},
    }
    (base / "input/config").mkdir(parents=True)
    for folder in ("model", "output"):
        (base / folder).mkdir()
    for name, document in documents.items():
        (base / f"input/config/{name}.json").write_text(json.dumps(document))


def train(base: Path, **environment: str) -> str:
    """Train and return the program's log; end with its output if it fails."""
    command = [sys.executable, "-m", "image_classification", "train"]
    variables = {**os.environ, **environment, "SAGEMAKER_BASE_DIR": str(base)}
    run = subprocess.run(command, env=variables, capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {run.returncode}: {run.stdout[-2000:]}{run.stderr[-2000:]}")
    return run.stdout
