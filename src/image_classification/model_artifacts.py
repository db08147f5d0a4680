"""What a training job leaves in `/opt/ml/model`: AWS's file names, and the ONNX model that is served."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from image_classification.data.preparation import Preparation

ONNX_FILE, DESCRIPTION_FILE = "model.onnx", "model-shapes.json"


class UnusableModelError(Exception):
    """A model folder that cannot be served; the message says why."""


@dataclass(frozen=True)
class Description:
    """What the server must know beside the graph."""

    num_classes: int
    multi_label: bool
    preparation: Preparation
    num_layers: int | None = None
    checkpoint: str | None = None  # the file that has the weights of the best model

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def from_json(cls, text: str) -> "Description":
        fields = json.loads(text)
        return cls(
            int(fields["num_classes"]),
            bool(fields["multi_label"]),
            Preparation(**fields["preparation"]),
            fields.get("num_layers"),
            fields.get("checkpoint"),
        )


def checkpoint_name(epoch: int) -> str:
    """`epoch` counts from 0, the file's number from 1."""
    return f"image-classification-{epoch + 1:04d}.params"


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """A model folder is uploaded whatever becomes of the job: no half-written file may have a model's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    write(partial)
    partial.replace(path)


def read_description(folder: Path) -> Description:
    path = folder / DESCRIPTION_FILE
    try:
        return Description.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UnusableModelError(
            f"no {DESCRIPTION_FILE} in {folder}: this is not a model that this algorithm trained"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableModelError(f"{path} cannot be read: {type(error).__name__}: {error}") from error
