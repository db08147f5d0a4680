"""The service of AWS's PyTorch containers, which are built on `sagemaker-inference`.

A failure is answered with status 500, the exception's text and its traceback.
Source: sagemaker_inference/transformer.py
"""

from __future__ import annotations

import json
import logging
import traceback
from dataclasses import dataclass
from typing import Any, Protocol

from frameworks.inference.messages import JSON, Request, Response, body_of
from frameworks.serving.user_functions import Context, UserFunctions, call

log = logging.getLogger(__name__)


class Defaults(Protocol):
    """A container's own handlers, which take the place of those that a module lacks."""

    def model_fn(self, model_dir: str) -> Any: ...

    def input_fn(self, content: Any, content_type: str) -> Any: ...

    def predict_fn(self, data: Any, model: Any) -> Any: ...

    def output_fn(self, prediction: Any, accept: str) -> Any: ...


@dataclass(frozen=True)
class InferenceService:
    """A loaded model, and the handlers that run before and after it."""

    model: Any
    functions: UserFunctions
    defaults: Defaults
    system_properties: dict[str, Any]
    default_accept: str = JSON

    @classmethod
    def load(
        cls, functions: UserFunctions, model_dir: str, defaults: Defaults, default_accept: str = JSON
    ) -> InferenceService:
        """Load the model with model_fn, the module's or the default."""
        properties = {"model_dir": model_dir, "gpu_id": None, "batch_size": 1}
        model = call(functions.model_fn or defaults.model_fn, (model_dir,), Context(properties))
        return cls(model, functions, defaults, properties, default_accept)

    def invoke(self, request: Request) -> Response:
        context = Context(self.system_properties, request.headers)
        accept = request.accept(self.default_accept)
        try:
            result = self._transform(request, accept, context)
        except Exception as error:  # whatever a person's function raises is the answer to this request
            log.exception("The handlers failed")
            return _failure(error)
        body, content_type = result if isinstance(result, tuple) else (result, accept)
        return Response(_encoded(body), content_type, context.status, context.response_headers)

    def execution_parameters(self) -> Response | None:
        return None

    def _transform(self, request: Request, accept: str, context: Context) -> Any:
        functions, defaults = self.functions, self.defaults
        content, content_type = request.content(), request.content_type
        if functions.transform_fn:
            return call(functions.transform_fn, (self.model, content, content_type, accept), context)
        data = call(functions.input_fn or defaults.input_fn, (content, content_type), context)
        prediction = call(functions.predict_fn or defaults.predict_fn, (data, self.model), context)
        return call(functions.output_fn or defaults.output_fn, (prediction, accept), context)


def _failure(error: Exception) -> Response:
    """Return AWS's answer. An exception with a status of its own (BaseInferenceToolkitError) chooses it."""
    status = getattr(error, "status_code", 500)
    message = getattr(error, "message", None) or str(error) or "Invalid Request"
    text = f"{message}\n{traceback.format_exc()}"
    return Response(text.encode(), "text/plain", status if isinstance(status, int) else 500)


def _encoded(body: Any) -> bytes:
    """Return a body as TorchServe sends it: what is neither text nor bytes becomes JSON."""
    try:
        return body_of(body)
    except TypeError:
        return json.dumps(body, indent=2).encode()
