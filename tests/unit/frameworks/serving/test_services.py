"""A request through a service: which functions are called with what, and how each container answers failures."""

from __future__ import annotations

import json
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from frameworks.inference.messages import CSV, JSON, Response
from frameworks.serving.http_application import HttpApplication
from frameworks.serving.toolkits.flask_toolkit import FAILURE_PAGE, FlaskService
from frameworks.serving.toolkits.huggingface import HuggingFaceService
from frameworks.serving.toolkits.inference_toolkit import InferenceService
from frameworks.serving.toolkits.pytorch import PyTorchDefaults
from frameworks.serving.toolkits.scikit_learn import ScikitLearnDefaults
from frameworks.serving.user_functions import Context, InvalidModule, UserFunctions


def module(**functions: Any) -> UserFunctions:
    return UserFunctions.of(_module(functions))


def _module(functions: dict[str, Any]) -> ModuleType:
    result = ModuleType("inference")
    vars(result).update(functions)
    return result


def scikit_learn(**functions: Any) -> FlaskService:
    return FlaskService.load(module(**functions), "/model", ScikitLearnDefaults(), JSON)


def pytorch(**functions: Any) -> InferenceService:
    return InferenceService.load(module(**functions), "/model", PyTorchDefaults())


def hugging_face(environment: dict[str, str] | None = None, **functions: Any) -> HuggingFaceService:
    return HuggingFaceService.load(module(**functions), "/model", environment or {})


def ask(service: Any, body: bytes = b"[[1, 2]]", **headers: str) -> Response:
    """Send a request through the HTTP application, as gunicorn does."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    content_type = names.pop("content-type", JSON)
    variables = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in names.items()}
    return ask_path(service, "/invocations", "POST", body, CONTENT_TYPE=content_type, **variables)


def ask_path(service: Any, path: str, method: str = "GET", body: bytes = b"", **environ: str) -> Response:
    answers: list[tuple[str, dict[str, str]]] = []
    stream = SimpleNamespace(read=lambda: body)
    request = {"PATH_INFO": path, "REQUEST_METHOD": method, "wsgi.input": stream, **environ}
    [content] = HttpApplication(service)(request, lambda status, headers: answers.append((status, dict(headers))))
    status, headers = answers[0]
    assert int(headers["Content-Length"]) == len(content)
    return Response(content, headers["Content-Type"], int(status.split()[0]), headers)


def test_the_default_handlers_surround_the_model() -> None:
    service = scikit_learn(model_fn=lambda _: SimpleNamespace(predict=lambda rows: rows.sum(axis=1)))
    answer = ask(service, b"1,2\n3,4", content_type=CSV, accept=CSV)
    assert (answer.status, answer.content_type, answer.body) == (200, "text/csv; charset=utf-8", b"3.0\n7.0\n")


def test_the_modules_functions_replace_the_defaults() -> None:
    service = scikit_learn(
        model_fn=lambda folder: folder,
        input_fn=lambda body, content_type: (body, content_type),
        predict_fn=lambda data, model: (model, *data),
        output_fn=lambda prediction, accept: (json.dumps([*prediction, accept]), "text/x"),
    )
    answer = ask(service, b"bytes", content_type="image/png", accept="text/y")
    assert answer.status == 500  # bytes are no JSON
    service = scikit_learn(
        model_fn=lambda folder: folder,
        transform_fn=lambda model, body, content_type, accept: (f"{model} {body!r} {content_type} {accept}", "text/x"),
    )
    answer = ask(service, b"\xff", content_type="image/png", accept="text/y")
    assert (answer.content_type, answer.body) == ("text/x; charset=utf-8", b"/model b'\\xff' image/png text/y")


def test_json_and_csv_reach_input_fn_as_text_and_all_else_as_bytes() -> None:
    service = scikit_learn(model_fn=lambda _: None, transform_fn=lambda _, body, *__: type(body).__name__)
    seen = [ask(service, b"1", content_type=content_type).body for content_type in (JSON, CSV, "text/plain")]
    assert seen == [b"str", b"str", b"bytes"]


def test_a_response_of_flask_keeps_its_status_and_type() -> None:
    flask_like = SimpleNamespace(get_data=lambda: b"gone", content_type="text/x", status_code=410)
    answer = ask(scikit_learn(model_fn=lambda _: None, transform_fn=lambda *_: flask_like))
    assert (answer.status, answer.content_type, answer.body) == (410, "text/x", b"gone")


@pytest.mark.parametrize("headers", [{"content_type": "image/png"}, {"accept": "image/png"}, {}])
def test_each_failure_in_scikit_learns_container_is_flasks_page(
    headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Content types that no handler knows, too: its defaults are wrapped, so that 415 and 406 are never reached."""
    failing = {"predict_fn": lambda *_: 1 / 0} if not headers else {}
    service = scikit_learn(model_fn=lambda _: SimpleNamespace(predict=lambda rows: rows), **failing)
    answer = ask(service, b"[[1, 2]]", **headers)
    assert (answer.status, answer.body) == (500, FAILURE_PAGE)
    assert ("ZeroDivisionError" if not headers else "UnsupportedFormat") in caplog.text


def test_a_failure_in_pytorchs_container_has_the_traceback(caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(pytorch(model_fn=lambda _: None), content_type="image/png")
    assert answer.status == 500
    assert answer.body.startswith(b"Content type image/png is not supported by this framework.")
    assert b"Traceback (most recent call last)" in answer.body
    assert "Traceback" in caplog.text


def test_an_exception_with_a_status_chooses_the_answer() -> None:
    class Unprocessable(Exception):
        status_code, message = 422, "no such bay"

    def refuse(*_: Any) -> None:
        raise Unprocessable

    answer = ask(pytorch(model_fn=lambda _: None, transform_fn=lambda model, body, kind, accept: refuse()))
    assert answer.status == 422
    assert answer.body.startswith(b"no such bay\n")


def test_a_failure_in_hugging_faces_container_is_400_with_its_message(caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(hugging_face(model_fn=lambda _: lambda inputs: 1 / 0), b'{"inputs": "a"}')
    assert answer.status == 400
    assert json.loads(answer.body) == {"code": 400, "type": "InternalServerException", "message": "division by zero"}
    assert "ZeroDivisionError" in caplog.text


def test_a_pipeline_that_cannot_take_csv_says_so() -> None:
    service = hugging_face({"HF_TASK": "zero-shot-classification"}, model_fn=lambda _: None)
    answer = json.loads(ask(service, b"inputs\na", content_type=CSV).body)
    assert (
        answer["message"]
        == "content type text/csv not support with zero-shot-classification, use different content_type"
    )


def test_hugging_face_answers_in_json_by_default() -> None:
    answer = ask(
        hugging_face(model_fn=lambda _: lambda inputs: [{"label": inputs, "score": np.float32(0.5)}]),
        b'{"inputs": "a"}',
    )
    assert (answer.content_type, answer.body) == (JSON, b'[{"label":"a","score":0.5}]')


def test_functions_of_toolkits_may_take_the_context() -> None:
    def transform(model: Any, body: Any, content_type: str, accept: str, context: Context) -> str:
        context.set_response_content_type(0, "text/x")
        context.set_response_status(201, "made")
        context.set_response_header(0, "X-Seen", str(context.get_request_header(0, "X-Name")))
        return str(model)

    service = pytorch(model_fn=lambda folder, context: context.system_properties["model_dir"], transform_fn=transform)
    answer = ask(service, x_name="bay")
    assert (answer.status, answer.headers["X-Seen"], answer.body) == (201, "bay", b"/model")


def test_a_function_with_too_many_parameters_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="model_fn takes 3 arguments but 1 were given"):
        pytorch(model_fn=_three)


def _three(a: Any, b: Any, c: Any) -> None: ...


_three.__name__ = "model_fn"


def test_transform_fn_beside_the_functions_that_it_replaces_is_refused() -> None:
    with pytest.raises(InvalidModule, match="Cannot use transform_fn implementation in conjunction with input_fn"):
        module(transform_fn=lambda *_: None, predict_fn=lambda *_: None)


def test_scikit_learn_has_no_default_for_model_fn() -> None:
    with pytest.raises(NotImplementedError, match="Please provide a model_fn implementation"):
        scikit_learn()


def test_ping_and_unknown_paths() -> None:
    service = scikit_learn(model_fn=lambda _: None)
    assert ask_path(service, "/ping").status == 200
    assert ask_path(service, "/models").status == 404
    assert ask_path(service, "/invocations").status == 405
    assert ask_path(service, "/execution-parameters").status == 404


def test_execution_parameters_of_the_module() -> None:
    parameters = {"MaxPayloadInMB": 1}
    service = scikit_learn(model_fn=lambda _: None, execution_parameters_fn=lambda: (json.dumps(parameters), JSON))
    assert json.loads(ask_path(service, "/execution-parameters").body) == parameters


def test_the_default_accept_is_the_settings() -> None:
    functions = module(model_fn=lambda _: SimpleNamespace(predict=lambda rows: rows))
    service = FlaskService.load(functions, "/model", ScikitLearnDefaults(), CSV)
    assert ask(service, accept="*/*").content_type.startswith(CSV)
