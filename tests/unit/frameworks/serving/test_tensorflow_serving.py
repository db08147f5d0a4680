"""TensorFlow Serving's REST API over a model that is a double: payloads, rows and columns, errors, handlers."""

from __future__ import annotations

import json
import urllib.request
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from frameworks.inference.messages import CSV, CUSTOM_ATTRIBUTES, JSON, Request
from frameworks.serving.tensorflow_serving.models import ModelNotFound, Models
from frameworks.serving.tensorflow_serving.payloads import UnsupportedMediaType, request_of
from frameworks.serving.tensorflow_serving.service import HandlerService, PlainService
from frameworks.serving.tensorflow_serving.tensors import BadRequest, answer_of, inputs_of


class Doubling:
    """A double of a SavedModel, which doubles the request's values."""

    def predict(self, request: str) -> dict[str, Any]:
        values, by_rows = inputs_of(json.loads(request), ["x"])
        return answer_of({"y": np.array(values["x"], np.float32) * 2}, by_rows)


@pytest.fixture
def models() -> Models:
    return Models("model", {"model": {1: Doubling(), 2: Doubling()}, "other": {7: Doubling()}})  # type: ignore[dict-item]


@pytest.mark.parametrize(  # source: tensorflowServing.js
    ("body", "content_type", "expected"),
    [
        ('{"instances": [1]}', JSON, '{"instances": [1]}'),
        ('{"inputs": [1]}', JSON, '{"inputs": [1]}'),
        ("[1, 2]", JSON, '{"instances":[[1, 2]]}'),
        ("[[1, 2], [3, 4]]", JSON, '{"instances":[[1, 2], [3, 4]]}'),
        ("[[1, 2]]", JSON, '{"instances":[[1, 2]]}'),
        ('{"a": 1}', JSON, '{"instances":[{"a": 1}]}'),
        ('{"a": 1}\n{"a": 2}\n', "application/jsonlines", '{"instances":[{"a": 1},{"a": 2}]}'),
        ("[1]\n[2]", JSON, '{"instances":[[1],[2]]}'),
        ("1,2\n3,4\n", CSV, '{"instances":[[1,2],[3,4]]}'),
        ("1\n2", CSV, '{"instances":[1,2]}'),
        ("abc,def", CSV, '{"instances":[["abc","def"]]}'),
        ('"abc","d"', CSV, '{"instances":[["abc","d"]]}'),
    ],
)
def test_payloads_become_instances(body: str, content_type: str, expected: str) -> None:
    assert json.loads(request_of(body, content_type)) == json.loads(expected)


def test_another_content_type_is_refused() -> None:
    with pytest.raises(UnsupportedMediaType, match="Unsupported Media Type: image/png"):
        request_of("", "image/png")


@pytest.mark.parametrize(  # source: TensorFlow Serving, RESTful API
    ("document", "names", "values", "by_rows"),
    [
        ({"instances": [[1, 2], [3, 4]]}, ["x"], {"x": [[1, 2], [3, 4]]}, True),
        ({"instances": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}, ["a", "b"], {"a": [1, 3], "b": [2, 4]}, True),
        ({"inputs": [1, 2]}, ["x"], {"x": [1, 2]}, False),
        ({"inputs": {"a": [1], "b": [2]}}, ["a", "b"], {"a": [1], "b": [2]}, False),
        ({"instances": [{"b64": "aGk="}]}, ["x"], {"x": [b"hi"]}, True),
    ],
)
def test_rows_and_columns(document: Any, names: list[str], values: Any, by_rows: bool) -> None:
    assert inputs_of(document, names) == (values, by_rows)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([1], "must be an object"),
        ({}, "Missing 'inputs' or 'instances' key"),
        ({"instances": [1], "inputs": [1]}, "only one of"),
        ({"instances": []}, "at least one example"),
        ({"instances": [{"c": 1}]}, "its keys are not the inputs of the signature"),
        ({"instances": [1, {"a": 1}]}, "either all objects or all plain values"),
        ({"inputs": [1]}, "the signature has 2 inputs"),
    ],
)
def test_a_request_of_another_form_is_refused(document: Any, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        inputs_of(document, ["a", "b"])


def test_answers_have_nine_digits_rows_and_text() -> None:
    assert answer_of({"y": np.array([0.1], np.float32)}, True) == {"predictions": [0.100000001]}
    two = {"a": np.array([1, 2]), "b_bytes": np.array([b"x", b"y"], object)}
    assert answer_of(two, True) == {
        "predictions": [{"a": 1, "b_bytes": {"b64": "eA=="}}, {"a": 2, "b_bytes": {"b64": "eQ=="}}]
    }
    assert answer_of({"text": np.array([b"x"], object)}, False) == {"outputs": ["x"]}


def test_the_container_answers_as_nginx_does(models: Models) -> None:
    service = PlainService(models)
    answer = service.invoke(Request(b"1\n2", {"content-type": CSV, "accept": JSON}))
    assert (answer.status, answer.content_type, json.loads(answer.body)) == (200, JSON, {"predictions": [2.0, 4.0]})
    refused = service.invoke(Request(b"", {"content-type": "image/png"}))
    assert (refused.status, json.loads(refused.body)) == (415, {"error": "Unsupported Media Type: image/png"})
    bad = service.invoke(Request(b'{"instances": []}', {"content-type": JSON}))
    assert bad.status == 400


def test_custom_attributes_choose_the_model(models: Models) -> None:
    headers = {"content-type": JSON, CUSTOM_ATTRIBUTES: "tfs-model-name=other,tfs-model-version=7"}
    assert PlainService(models).invoke(Request(b"[1]", headers)).status == 200
    headers[CUSTOM_ATTRIBUTES] = "tfs-model-name=third"
    answer = PlainService(models).invoke(Request(b"[1]", headers))
    assert (answer.status, json.loads(answer.body)) == (404, {"error": "Servable not found for request: Latest(third)"})
    with pytest.raises(ModelNotFound, match=r"Specific\(model, 9\)"):
        models.find(None, "9")


def test_the_handlers_of_inference_py_surround_the_model(models: Models) -> None:
    def before(data: Any, context: Any) -> str:
        return json.dumps({"instances": [len(data.read())], "signature_name": context.request_content_type})

    def after(response: Any, context: Any) -> tuple[Any, str]:
        return response.content, context.accept_header

    service = HandlerService.load(models, _module(input_handler=before, output_handler=after))
    answer = service.invoke(Request(b"12345", {"content-type": "image/png", "accept": "text/x"}))
    assert (answer.content_type, json.loads(answer.body)) == ("text/x", {"predictions": [10.0]})


def test_a_handler_sends_its_own_request(models: Models) -> None:
    def handler(data: Any, context: Any) -> tuple[bytes, str]:
        with urllib.request.urlopen(context.rest_uri, data=data.read()) as response:
            return response.read(), JSON

    service = HandlerService.load(models, _module(handler=handler))
    assert json.loads(service.invoke(Request(b'{"instances": [1]}')).body) == {"predictions": [2.0]}


def test_a_failing_handler_is_500_with_its_text(models: Models, caplog: pytest.LogCaptureFixture) -> None:
    service = HandlerService.load(models, _module(handler=lambda *_: 1 / 0))
    answer = service.invoke(Request(b""))
    assert (answer.status, json.loads(answer.body)) == (500, {"error": "division by zero"})
    assert "ZeroDivisionError" in caplog.text


def test_a_module_without_handlers_is_refused(models: Models) -> None:
    with pytest.raises(NotImplementedError, match="Handlers are not implemented correctly in user script"):
        HandlerService.load(models, _module(input_handler=lambda *_: None))


def test_a_folder_without_a_model_is_refused(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="no SavedModel bundles found!"):
        Models.load(tmp_path)


def _module(**functions: Any) -> ModuleType:
    return SimpleNamespace(**functions)  # type: ignore[return-value]
