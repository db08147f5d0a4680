"""The places where each container looks for the user's code, and the settings of the command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from frameworks.contract.failure import ClientError
from frameworks.contract.paths import ContainerPaths
from frameworks.serving.inference_code import InferenceCode
from frameworks.serving.settings import ServingSettings


@pytest.fixture(autouse=True)
def _path_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


def prepare(framework: str, base: Path, **environment: str) -> InferenceCode:
    return InferenceCode.prepare(framework, ContainerPaths(base), ServingSettings.from_environment(environment))


def write(folder: Path, name: str, text: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def test_pytorch_and_hugging_face_have_inference_py_in_the_archive(tmp_path: Path) -> None:
    for framework in ("pytorch", "huggingface", "tensorflow"):
        assert prepare(framework, tmp_path).module() is None
    write(tmp_path / "model/code", "inference.py", "from beside import ANSWER")
    write(tmp_path / "model/code", "beside.py", "ANSWER = 42")
    module: Any = prepare("pytorch", tmp_path).module()
    assert module.ANSWER == 42


def test_sagemaker_program_names_another_module(tmp_path: Path) -> None:
    write(tmp_path / "model/code", "my_serving.py", "HERE = 1")
    module: Any = prepare("huggingface", tmp_path, SAGEMAKER_PROGRAM="my_serving.py").module()
    assert module.HERE == 1


def test_scikit_learn_takes_its_code_from_the_submit_directory(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", "sklearn_entry.py", "HERE = 2")
    variables = {"SAGEMAKER_PROGRAM": "sklearn_entry.py", "SAGEMAKER_SUBMIT_DIRECTORY": str(tmp_path / "elsewhere")}
    module: Any = prepare("scikit-learn", tmp_path, **variables).module()
    assert module.HERE == 2


def test_scikit_learn_without_a_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="SAGEMAKER_PROGRAM is not set"):
        prepare("scikit-learn", tmp_path)


def test_xgboost_without_a_program_is_the_algorithm(tmp_path: Path) -> None:
    assert prepare("xgboost", tmp_path).program is None
    assert prepare("xgboost", tmp_path, SAGEMAKER_PROGRAM="script.py").program == "script.py"


def test_tensorflow_uses_packages_that_the_archive_brings(tmp_path: Path) -> None:
    write(tmp_path / "model/code/lib", "brought.py", "HERE = 3")
    write(tmp_path / "model/code", "inference.py", "from brought import HERE")
    sys.modules.pop("inference", None)
    module: Any = prepare("tensorflow", tmp_path).module()
    assert module.HERE == 3


def test_settings() -> None:
    settings = ServingSettings.from_environment({"SAGEMAKER_MODEL_SERVER_WORKERS": "3", "SAGEMAKER_BIND_TO_PORT": "81"})
    assert (settings.workers, settings.port, settings.timeout_s, settings.default_accept) == (
        3,
        81,
        60,
        "application/json",
    )


@pytest.mark.parametrize("value", ["0", "two", "-1", "9999"])
def test_an_impossible_number_of_workers_is_refused(value: str) -> None:
    with pytest.raises(ClientError, match=f"SAGEMAKER_MODEL_SERVER_WORKERS is '{value}': it must be a whole number"):
        ServingSettings.from_environment({"SAGEMAKER_MODEL_SERVER_WORKERS": value})
