"""The service of AWS's Hugging Face container: a pipeline of `transformers`, or a user's functions.

A failure is answered with status 400 and multi-model-server's JSON; only the log has the traceback.
Source: sagemaker_huggingface_inference_toolkit/handler_service.py and transformers_utils.py
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frameworks.inference.messages import CSV, JSON, Request, Response, body_of
from frameworks.serving.toolkits.huggingface_formats import UnusableContent, decode, encode
from frameworks.serving.user_functions import Context, UserFunctions, call

TASKS = {  # by the end of the architecture's name; the first that fits counts
    "TapasForQuestionAnswering": "table-question-answering",
    "ForQuestionAnswering": "question-answering",
    "ForTokenClassification": "token-classification",
    "ForSequenceClassification": "text-classification",
    "ForMultipleChoice": "multiple-choice",
    "ForMaskedLM": "fill-mask",
    "ForCausalLM": "text-generation",
    "ForConditionalGeneration": "text2text-generation",
    "MTModel": "text2text-generation",
    "EncoderDecoderModel": "text2text-generation",
    "GPT2LMHeadModel": "text-generation",
    "T5WithLMHeadModel": "text2text-generation",
}
NESTED_TASKS = ("zero-shot-classification", "table-question-answering")  # their inputs do not fit into CSV

log = logging.getLogger(__name__)


class NoTask(Exception):
    """Neither HF_TASK nor the model's config.json names a task."""


@dataclass(frozen=True)
class HuggingFaceService:
    """A pipeline, or what model_fn returned, with its handlers. `task` is None if it is not known."""

    model: Any
    functions: UserFunctions
    system_properties: dict[str, Any]
    task: str | None = None

    @classmethod
    def load(
        cls, functions: UserFunctions, model_dir: str, environment: Mapping[str, str], device: int = -1
    ) -> HuggingFaceService:
        """Load the model. `device` is the GPU's number, or -1 for the CPU."""
        properties = {"model_dir": model_dir, "gpu_id": device if device >= 0 else None, "batch_size": 1}
        if functions.model_fn:
            model = call(functions.model_fn, (model_dir,), Context(properties))
            return cls(model, functions, properties, environment.get("HF_TASK"))
        source = environment.get("HF_MODEL_ID") or model_dir
        task = environment.get("HF_TASK") or (None if "HF_MODEL_ID" in environment else task_of(Path(model_dir)))
        return cls(pipeline_of(task, source, environment, device), functions, properties, task)

    def invoke(self, request: Request) -> Response:
        context = Context(self.system_properties, request.headers)
        accept = request.accept(JSON)
        try:
            result = self._transform(request, accept, context)
        except Exception as error:  # whatever the model raises is the answer to this request
            log.exception("The handlers failed")
            return _failure(str(error))
        body, content_type = result if isinstance(result, tuple) else (result, accept)
        return Response(body_of(body), content_type, context.status, context.response_headers)

    def execution_parameters(self) -> Response | None:
        return None

    def _transform(self, request: Request, accept: str, context: Context) -> Any:
        functions, content, content_type = self.functions, request.content(), request.content_type
        if functions.transform_fn:
            return call(functions.transform_fn, (self.model, content, content_type, accept), context)
        data = call(functions.input_fn or self.input_fn, (content, content_type), context)
        prediction = call(functions.predict_fn or predict, (data, self.model), context)
        return call(functions.output_fn or encode, (prediction, accept), context)

    def input_fn(self, content: Any, content_type: str) -> Any:
        if content_type == CSV and self.task in NESTED_TASKS:
            raise UnusableContent(
                f"content type {content_type} not support with {self.task}, use different content_type"
            )
        return decode(content, content_type)


def predict(data: Any, model: Any) -> Any:
    """Call the pipeline with `inputs`, or with all of the data, and with `parameters` as keywords."""
    inputs = data.pop("inputs", data)
    parameters = data.pop("parameters", None)
    return model(inputs) if parameters is None else model(inputs, **parameters)


def task_of(model_dir: Path) -> str:
    """Return the task of the architecture that config.json names. Raises NoTask."""
    path = model_dir / "config.json"
    if not path.is_file():
        raise NoTask("You need to define the task of the model as env 'HF_TASK': the archive has no config.json.")
    architecture = (json.loads(path.read_text()).get("architectures") or [""])[0]
    for ending, task in TASKS.items():
        if architecture.endswith(ending):
            return task
    raise NoTask(
        f"Task couldn't be inferenced from {architecture}.Inference Toolkit can only inference tasks from "
        f"architectures ending with {list(TASKS)}.Use env `HF_TASK` to define your task."
    )


def pipeline_of(task: str | None, source: str, environment: Mapping[str, str], device: int) -> Any:
    from transformers import pipeline

    trusted = environment.get("HF_TRUST_REMOTE_CODE", "").lower() in ("1", "true", "yes", "on")
    revision = environment.get("HF_MODEL_REVISION")
    return pipeline(task=task, model=source, revision=revision, device=device, trust_remote_code=trusted)


def first_device() -> int:
    """Return the number of the first GPU; -1 if there is none, or if the pipeline runs on TensorFlow."""
    try:
        import torch
    except ImportError:
        return -1
    return 0 if torch.cuda.is_available() else -1


def _failure(message: str) -> Response:
    answer = {"code": 400, "type": "InternalServerException", "message": message}
    return Response(json.dumps(answer, indent=2).encode(), JSON, 400)
