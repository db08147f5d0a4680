"""A model for the kit's algorithm that needs no training: each class is a color, and the nearest color wins.

The real server serves this model, so tests can predict the endpoint's answers on every cloud.
"""

import io
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save
from PIL import Image

from image_classification.data.preparation import Preparation
from image_classification.model_artifacts import DESCRIPTION_FILE, ONNX_FILE, Description

Color = tuple[int, int, int]
COLORS: tuple[Color, ...] = ((255, 0, 0), (0, 0, 255), (0, 255, 0), (255, 255, 0), (0, 255, 255))
SIZE = 8
SHARPNESS = 12.0


def png(color: Color) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (SIZE, SIZE), color).save(body, "PNG")
    return body.getvalue()


def between(one: Color, other: Color) -> Color:
    """Return a color halfway between two, which the model cannot assign to either."""
    red, green, blue = ((a + b) // 2 for a, b in zip(one, other, strict=True))
    return red, green, blue


def model_archive(classes: int) -> bytes:
    """Return a model.tar.gz with the model."""
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder), classes)
        body = io.BytesIO()
        with tarfile.open(fileobj=body, mode="w:gz") as archive:
            for name in (ONNX_FILE, DESCRIPTION_FILE):
                archive.add(Path(folder) / name, name)
    return body.getvalue()


def write_model(folder: Path, classes: int) -> None:
    """Write softmax(-distance²) to each class's color; terms that all classes share cancel out."""
    colors = np.asarray(COLORS[:classes], np.float32) / 255
    constants = {"weight": 2 * SHARPNESS * colors.T / 255, "bias": -SHARPNESS * (colors**2).sum(1)}
    nodes = [
        helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["numbers"], ["color"], axes=[1, 2], keepdims=0),
        helper.make_node("Gemm", ["color", "weight", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "colors",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", SIZE, SIZE, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", classes])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), str(folder / ONNX_FILE))
    Description(classes, False, Preparation(3, SIZE, SIZE)).write(folder / DESCRIPTION_FILE)
