"""The service of AWS's scikit-learn and XGBoost containers, which are built on `sagemaker-containers` and Flask.

Every failure of a handler is answered with Flask's page for status 500; only the log has the reason. That includes
content types that the default handlers do not know: the containers wrap their defaults so that the toolkit's 415 and
406 are never reached (`_transformer.Transformer.__init__` and `_functions.error_wrapper`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from frameworks.inference.messages import JSON, Request, Response, body_of, with_charset
from frameworks.serving.user_functions import UserFunctions

FAILURE_PAGE = b"""<!doctype html>
<html lang=en>
<title>500 Internal Server Error</title>
<h1>Internal Server Error</h1>
<p>The server encountered an internal error and was unable to complete your request. Either the server is overloaded \
or there is an error in the application.</p>
"""
FAILURE = Response(FAILURE_PAGE, "text/html; charset=utf-8", 500)


class Defaults(Protocol):
    """A container's own handlers, which take the place of those that a module lacks."""

    def input_fn(self, content: Any, content_type: str) -> Any: ...

    def predict_fn(self, data: Any, model: Any) -> Any: ...

    def output_fn(self, prediction: Any, accept: str) -> Any: ...


@dataclass(frozen=True)
class FlaskService:
    """A loaded model, and the handlers that run before and after it."""

    model: Any
    functions: UserFunctions
    defaults: Defaults
    default_accept: str = JSON

    @classmethod
    def load(cls, functions: UserFunctions, model_dir: str, defaults: Defaults, default_accept: str) -> FlaskService:
        """Call model_fn. The containers have no default for it."""
        if functions.model_fn is None:
            raise NotImplementedError(
                "Please provide a model_fn implementation.\n"
                "See documentation for model_fn at https://github.com/aws/sagemaker-python-sdk"
            )
        return cls(functions.model_fn(model_dir), functions, defaults, default_accept)

    def invoke(self, request: Request) -> Response:
        accept = request.accept(self.default_accept)
        return response_of(self._transform(request.content(), request.content_type or JSON, accept))

    def execution_parameters(self) -> Response | None:
        function = self.functions.execution_parameters_fn
        return response_of(function()) if function else None

    def _transform(self, content: Any, content_type: str, accept: str) -> Any:
        functions, defaults = self.functions, self.defaults
        if functions.transform_fn:
            return functions.transform_fn(self.model, content, content_type, accept)
        data = (functions.input_fn or defaults.input_fn)(content, content_type)
        prediction = (functions.predict_fn or defaults.predict_fn)(data, self.model)
        return (functions.output_fn or defaults.output_fn)(prediction, accept)


def response_of(result: Any) -> Response:
    """Return what a handler returned as a response: a Flask-like response, a pair of body and type, or a body."""
    if isinstance(result, tuple):
        return Response(body_of(result[0]), with_charset(result[1]))
    if hasattr(result, "get_data"):  # flask.Response, sagemaker_containers.beta.framework.worker.Response
        return Response(result.get_data(), result.content_type, result.status_code)
    return Response(body_of(result), "text/html; charset=utf-8")  # Flask's default type
