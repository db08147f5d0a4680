"""Imports of AWS's toolkits, as its examples write them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from frameworks.contract.user_module import load_module
from frameworks.inference.messages import JSON, Request
from frameworks.serving.toolkits.flask_toolkit import FlaskService
from frameworks.serving.toolkits.scikit_learn import ScikitLearnDefaults
from frameworks.serving.user_functions import UserFunctions
from frameworks.stand_ins import NAMES, provide_toolkit_modules

FEATURIZER = """
from sagemaker_containers.beta.framework import content_types, encoders, env, modules, transformer, worker

def model_fn(model_dir):
    return model_dir

def predict_fn(data, model):
    return data

def output_fn(prediction, accept):
    if accept == "application/json":
        return worker.Response(encoders.encode(prediction, accept), mimetype=accept)
    raise RuntimeError(accept)
"""
TOOLKIT = """
from sagemaker_inference import content_types, decoder, encoder, errors

ROWS = encoder.encode(decoder.decode("[[1]]", content_types.JSON), content_types.CSV)
ERROR = errors.GenericInferenceToolkitError(422, "no")
"""


@pytest.fixture(autouse=True)
def _modules_are_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in [name for name in sys.modules if name.split(".")[0] in (*NAMES, "featurizer", "toolkit_code")]:
        monkeypatch.delitem(sys.modules, name)


def test_the_featurizer_of_awss_examples_answers(tmp_path: Path) -> None:
    (tmp_path / "featurizer.py").write_text(FEATURIZER)
    provide_toolkit_modules()
    functions = UserFunctions.of(load_module(tmp_path, "featurizer.py"))
    service = FlaskService.load(functions, "/model", ScikitLearnDefaults(), JSON)
    answer = service.invoke(Request(b"[[1, 2]]", {"content-type": JSON, "accept": JSON}))
    assert (answer.status, answer.content_type, answer.body) == (200, JSON, b"[[1.0, 2.0]]")


def test_code_for_the_inference_toolkit_reads_and_writes(tmp_path: Path) -> None:
    (tmp_path / "toolkit_code.py").write_text(TOOLKIT)
    provide_toolkit_modules()
    module: Any = load_module(tmp_path, "toolkit_code")
    assert module.ROWS == "1\n"
    assert module.ERROR.status_code == 422


def test_a_package_of_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Any = SimpleNamespace(__name__="sagemaker_inference")
    monkeypatch.setitem(sys.modules, "sagemaker_inference", real)
    provide_toolkit_modules()
    assert sys.modules["sagemaker_inference"] is real
