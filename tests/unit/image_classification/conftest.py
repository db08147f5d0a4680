"""Small training jobs, laid out as SageMaker lays out `/opt/ml`."""

import io
import json
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_classification.__main__ import main

CHANNELS = ("train", "validation", "train_lst", "validation_lst")
HYPERPARAMETERS = {"image_shape": "3,16,16", "num_classes": "2", "num_training_samples": "48", "epochs": "3"}
TINY = {**HYPERPARAMETERS, "mini_batch_size": "8"}


def picture(label: int, seed: int, size: int = 16) -> Image.Image:
    """Return an image that is brighter above for label 0 and below for label 1, which is learned in a few batches."""
    pixels = np.random.default_rng(seed).integers(0, 90, (size, size, 3))
    half = slice(0, size // 2) if label == 0 else slice(size // 2, size)
    pixels[half] += 150
    return Image.fromarray(pixels.astype(np.uint8))


def png(image: Image.Image, image_format: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format)
    return buffer.getvalue()


class Container:
    """A container's `/opt/ml`."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.model = base / "model"
        for channel, count in (("train", 48), ("validation", 12)):
            self.write_channel(channel, count)
        self.configure(TINY)
        self.write_config("inputdataconfig", {name: {"ContentType": "application/x-image"} for name in CHANNELS})

    def write_channel(self, channel: str, count: int) -> None:
        for folder in (self.channel(channel), self.channel(f"{channel}_lst")):
            folder.mkdir(parents=True)
        for number in range(count):
            (self.channel(channel) / f"{number}.png").write_bytes(
                png(picture(number % 2, number + 1000 * len(channel)))
            )
        lines = [f"{number}\t{number % 2}\t{number}.png\n" for number in range(count)]
        self.manifest(channel).write_text("".join(lines))

    def channel(self, name: str) -> Path:
        return self.base / "input" / "data" / name

    def manifest(self, channel: str) -> Path:
        return self.channel(f"{channel}_lst") / f"{channel}.lst"

    def configure(self, hyperparameters: Mapping[str, str]) -> None:
        self.write_config("hyperparameters", hyperparameters)

    def write_config(self, name: str, content: Mapping[str, object]) -> None:
        path = self.base / "input" / "config" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    @property
    def failure(self) -> str:
        return (self.base / "output" / "failure").read_text()


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path)


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Container], int]]:
    """Run the container's entry point in this process, because loading PyTorch in each test would take seconds."""
    handler = signal.getsignal(signal.SIGTERM)

    def run(container: Container) -> int:
        monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(container.base))
        return main(["train"])

    yield run
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Container:
    """A container after a training job, for tests that read its results."""
    container, handler = Container(tmp_path_factory.mktemp("trained")), signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAGEMAKER_BASE_DIR", str(container.base))
        assert main(["train"]) == 0
    signal.signal(signal.SIGTERM, handler)
    return container
