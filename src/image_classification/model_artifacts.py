"""The files in `/opt/ml/model`, which training writes and serving reads: checkpoints, an ONNX graph, a description."""

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
    """Facts about a model that its graph does not hold, for serving and for incremental training."""

    num_classes: int
    multi_label: bool
    preparation: Preparation
    num_layers: int | None = None
    checkpoint: str | None = None  # the name of the file with the best model's weights

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
    """Return AWS's name for a checkpoint. `epoch` counts from 0, the number in the name from 1."""
    return f"image-classification-{epoch + 1:04d}.params"


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write to a temporary name, then rename: SageMaker may upload the folder at any time, even when the job fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial_path = path.with_name(f".{path.name}.partial")
    write(partial_path)
    partial_path.replace(path)


def read_description(folder: Path) -> Description:
    """Read the description of the model in `folder`. Raises UnusableModelError."""
    path = folder / DESCRIPTION_FILE
    try:
        return Description.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UnusableModelError(
            f"no {DESCRIPTION_FILE} in {folder}: this is not a model that this algorithm trained"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableModelError(f"{path} cannot be read: {type(error).__name__}: {error}") from error
