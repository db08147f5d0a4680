from pathlib import Path

import pytest

from image_classification.paths import ContainerPaths


def test_the_paths_are_those_of_sagemaker(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SAGEMAKER_BASE_DIR", "IMAGE_CLASSIFICATION_PRETRAINED_MODEL"):
        monkeypatch.delenv(name, raising=False)
    paths = ContainerPaths.from_environment()
    assert paths.pretrained_model is None
    assert paths.hyperparameters == Path("/opt/ml/input/config/hyperparameters.json")
    assert paths.input_data_config == Path("/opt/ml/input/config/inputdataconfig.json")
    assert paths.resource_config == Path("/opt/ml/input/config/resourceconfig.json")
    assert paths.channel("train") == Path("/opt/ml/input/data/train")
    assert (paths.model, paths.failure) == (Path("/opt/ml/model"), Path("/opt/ml/output/failure"))


def test_the_environment_may_move_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", "/elsewhere")
    monkeypatch.setenv("IMAGE_CLASSIFICATION_PRETRAINED_MODEL", "/weights.pth")
    paths = ContainerPaths.from_environment()
    assert (paths.model, paths.pretrained_model) == (Path("/elsewhere/model"), Path("/weights.pth"))
