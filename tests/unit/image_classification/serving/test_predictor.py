import shutil
from pathlib import Path

import numpy as np
import pytest

from image_classification.model_artifacts import UnusableModelError
from image_classification.serving.predictor import load_predictor

from ..conftest import Container


def test_the_served_model_has_the_accuracy_in_the_log(trained: Container) -> None:
    predictor = load_predictor(trained.model)
    paths = sorted(trained.channel("validation").glob("*.png"))
    right = [np.argmax(predictor.predict(path.read_bytes())) == int(path.stem) % 2 for path in paths]
    assert np.mean(right) > 0.9


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.onnx", None, "no model.onnx in .*: the training job ended before it had a model"),
        ("model.onnx", b"garbage", "model.onnx cannot be loaded"),
        ("model-shapes.json", None, "no model-shapes.json in .*: this is not a model that this algorithm trained"),
        ("model-shapes.json", b"[]", "model-shapes.json cannot be read"),
    ],
)
def test_a_missing_or_broken_model_is_refused(
    trained: Container, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    shutil.copytree(trained.model, tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    if content is not None:
        (tmp_path / "model" / name).write_bytes(content)
    with pytest.raises(UnusableModelError, match=message):
        load_predictor(tmp_path / "model")
