"""The default handlers of each framework's container, row by row, each with the source that it was read from."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from frameworks.inference.formats import (
    CONTAINERS_DECODERS,
    CONTAINERS_ENCODERS,
    INFERENCE_DECODERS,
    INFERENCE_ENCODERS,
    decode,
    encode,
    write_npy,
)
from frameworks.inference.messages import CSV, JSON, NPY, UnsupportedFormat
from frameworks.serving.toolkits import huggingface, huggingface_formats
from frameworks.serving.toolkits.pytorch import PyTorchDefaults
from frameworks.serving.toolkits.scikit_learn import ScikitLearnDefaults
from frameworks.xgboost_algorithm.serving import predictions as xgboost

CONTAINERS = "sagemaker_containers/_encoders.py"
INFERENCE = "sagemaker_inference/"
SCIKIT_LEARN = "sagemaker_sklearn_container/serving.py"
PYTORCH = "sagemaker_pytorch_serving_container/default_pytorch_inference_handler.py"
HUGGING_FACE = "sagemaker_huggingface_inference_toolkit/"
XGBOOST = "sagemaker_xgboost_container/algorithm_mode/"


@dataclass(frozen=True)
class Row:
    """One behavior. `expected` is compared by value; an array or tensor with its type."""

    source: str
    what: str
    act: Callable[[], Any]
    expected: Any


class Model:
    """A model whose predictions are the sums of the rows."""

    def predict(self, data: Any) -> Any:
        return data.sum(axis=1)


class Recorded:
    """A pipeline that returns what it was called with."""

    def __call__(self, inputs: Any, **parameters: Any) -> Any:
        return inputs, parameters


def containers_read(content: Any, content_type: str) -> Callable[[], Any]:
    return lambda: decode(content, content_type, CONTAINERS_DECODERS)


def containers_write(value: Any, accept: str) -> Callable[[], Any]:
    return lambda: encode(value, accept, CONTAINERS_ENCODERS)


def inference_read(content: Any, content_type: str) -> Callable[[], Any]:
    return lambda: decode(content, content_type, INFERENCE_DECODERS)


def inference_write(value: Any, accept: str) -> Callable[[], Any]:
    return lambda: encode(value, accept, INFERENCE_ENCODERS)


SKLEARN, TORCH = ScikitLearnDefaults(), PyTorchDefaults()
SQUARE = np.array([[1.5, 2.0], [3.0, 4.0]])
BINARY, SOFTPROB = np.array([0.25, 0.75], np.float32), np.array([[0.25, 0.75], [0.5, 0.5]], np.float32)
ROWS = [
    Row(CONTAINERS, "json is an array", containers_read("[[1, 2]]", JSON), np.array([[1, 2]])),
    Row(
        CONTAINERS, "csv of numbers is float64", containers_read("1,2\n3,4\n", CSV), np.array([[1.0, 2.0], [3.0, 4.0]])
    ),
    Row(CONTAINERS, "csv of one line is a vector", containers_read("1,2,3", CSV), np.array([1.0, 2.0, 3.0])),
    Row(
        CONTAINERS,
        "csv with text stays text",
        containers_read('a,"b,c"\n1,2', CSV),
        np.array([["a", "b,c"], ["1", "2"]]),
    ),
    Row(CONTAINERS, "npy", containers_read(write_npy(SQUARE), NPY), SQUARE),
    Row(CONTAINERS, "a vector is a column of csv", containers_write(np.array([1.5, 2.0]), CSV), "1.5\n2.0\n"),
    Row(CONTAINERS, "a matrix is rows of csv", containers_write(SQUARE, CSV), "1.5,2.0\n3.0,4.0\n"),
    Row(CONTAINERS, "text with a comma is quoted", containers_write([["a,b", "c"]], CSV), '"a,b",c\n'),
    Row(CONTAINERS, "json of arrays inside of lists", containers_write([np.array([1])], JSON), "[[1]]"),
    Row(
        INFERENCE + "decoder.py",
        "csv of whole numbers is integers",
        inference_read("1,2\n3,4", CSV),
        np.array([[1, 2], [3, 4]]),
    ),
    Row(INFERENCE + "decoder.py", "csv of numbers is floats", inference_read("1.5,2.0\n3.0,4.0", CSV), SQUARE),
    Row(INFERENCE + "decoder.py", "json", inference_read("[1.5]", JSON), np.array([1.5])),
    Row(INFERENCE + "decoder.py", "npy", inference_read(write_npy(SQUARE), NPY), SQUARE),
    Row(INFERENCE + "encoder.py", "csv", inference_write([[1, 2], [3, 4]], CSV), "1,2\n3,4\n"),
    Row(INFERENCE + "encoder.py", "json", inference_write(SQUARE, JSON), "[[1.5, 2.0], [3.0, 4.0]]"),
    Row(
        SCIKIT_LEARN,
        "csv becomes float32",
        lambda: SKLEARN.input_fn("1,2\n3,4", CSV),
        np.array([[1, 2], [3, 4]], np.float32),
    ),
    Row(
        SCIKIT_LEARN, "json becomes float32", lambda: SKLEARN.input_fn("[[1, 2]]", JSON), np.array([[1, 2]], np.float32)
    ),
    Row(SCIKIT_LEARN, "npy keeps its type", lambda: SKLEARN.input_fn(write_npy(SQUARE), NPY), SQUARE),
    Row(SCIKIT_LEARN, "predict_fn calls predict", lambda: SKLEARN.predict_fn(SQUARE, Model()), np.array([3.5, 7.0])),
    Row(SCIKIT_LEARN, "output_fn names the type", lambda: SKLEARN.output_fn(np.array([1, 2]), JSON), ("[1, 2]", JSON)),
    Row(PYTORCH, "json becomes a FloatTensor", lambda: TORCH.input_fn("[[1, 2]]", JSON), torch.FloatTensor([[1, 2]])),
    Row(
        PYTORCH,
        "csv becomes a FloatTensor",
        lambda: TORCH.input_fn("1,2\n3,4", CSV),
        torch.FloatTensor([[1, 2], [3, 4]]),
    ),
    Row(PYTORCH, "npy keeps its type", lambda: TORCH.input_fn(write_npy(SQUARE), NPY), torch.from_numpy(SQUARE)),
    Row(
        PYTORCH,
        "predict_fn is without gradients",
        lambda: TORCH.predict_fn(torch.ones(1, 2), torch.nn.Identity()).requires_grad,
        False,
    ),
    Row(
        PYTORCH,
        "a tensor becomes json",
        lambda: TORCH.output_fn(torch.tensor([[1.5]], requires_grad=True), JSON),
        "[[1.5]]",
    ),
    Row(PYTORCH, "csv is bytes", lambda: TORCH.output_fn(torch.tensor([[1, 2]]), CSV), b"1,2\n"),
    Row(
        PYTORCH,
        "the first known type of Accept counts",
        lambda: TORCH.output_fn([1], "text/html, application/json"),
        "[1]",
    ),
    Row(
        HUGGING_FACE + "handler_service.py",
        "inputs and parameters",
        lambda: huggingface.predict({"inputs": "a", "parameters": {"top_k": 2}}, Recorded()),
        ("a", {"top_k": 2}),
    ),
    Row(
        HUGGING_FACE + "handler_service.py",
        "all of the data where there are no inputs",
        lambda: huggingface.predict({"question": "a"}, Recorded()),
        ({"question": "a"}, {}),
    ),
    Row(
        HUGGING_FACE + "decoder_encoder.py",
        "json",
        lambda: huggingface_formats.decode('{"inputs": "ä"}', JSON),
        {"inputs": "ä"},
    ),
    Row(
        HUGGING_FACE + "decoder_encoder.py",
        "csv with inputs is a list",
        lambda: huggingface_formats.decode("inputs\na\nb\n", CSV),
        {"inputs": ["a", "b"]},
    ),
    Row(
        HUGGING_FACE + "decoder_encoder.py",
        "csv of questions is rows",
        lambda: huggingface_formats.decode("question,context\na,b\n", CSV),
        {"inputs": [{"question": "a", "context": "b"}]},
    ),
    Row(
        HUGGING_FACE + "decoder_encoder.py",
        "audio is bytes",
        lambda: huggingface_formats.decode(b"RIFF", "audio/wave"),
        {"inputs": b"RIFF"},
    ),
    Row(
        HUGGING_FACE + "decoder_encoder.py",
        "json is compact, and not ASCII",
        lambda: huggingface_formats.encode([{"label": "ä", "score": np.float32(0.5)}], JSON),
        '[{"label":"ä","score":0.5}]',
    ),
    Row(
        HUGGING_FACE + "decoder_encoder.py",
        "csv has a header",
        lambda: huggingface_formats.encode([{"label": "a", "score": 1}], CSV),
        "label,score\r\na,1\r\n",
    ),
    Row(
        XGBOOST + "serve.py",
        "csv has a line for each prediction",
        lambda: xgboost.plain_answer(BINARY, CSV, is_batch=False),
        "0.25\n0.75\n",
    ),
    Row(
        XGBOOST + "serve.py",
        "csv of classes has a column for each",
        lambda: xgboost.plain_answer(SOFTPROB, CSV, is_batch=False),
        "0.25,0.75\n0.5,0.5\n",
    ),
    Row(
        XGBOOST + "serve.py",
        "a batch has a line for each",
        lambda: xgboost.plain_answer(SOFTPROB, JSON, is_batch=True),
        "[0.25, 0.75]\n[0.5, 0.5]\n",
    ),
    Row(
        XGBOOST + "serve_utils.py",
        "json has scores",
        lambda: json.loads(xgboost.plain_answer(BINARY, JSON, is_batch=False)),
        {"predictions": [{"score": 0.25}, {"score": 0.75}]},
    ),
    Row(XGBOOST + "serve.py", "without Accept the default", lambda: xgboost.accepted_type("*/*", CSV), CSV),
    Row(
        XGBOOST + "serve.py",
        "parameters of Accept are ignored",
        lambda: xgboost.accepted_type("Text/CSV; q=1", JSON),
        CSV,
    ),
    Row(
        XGBOOST + "serve_utils.py",
        "selected contents of a probability",
        lambda: xgboost.selected_predictions(
            BINARY, ["predicted_label", "labels", "probabilities"], "binary:logistic", ""
        ),
        [
            {"predicted_label": 0, "labels": [0, 1], "probabilities": [0.75, 0.25]},
            {"predicted_label": 1, "labels": [0, 1], "probabilities": [0.25, 0.75]},
        ],
    ),
    Row(
        XGBOOST + "serve_utils.py",
        "selected contents of classes",
        lambda: xgboost.selected_predictions(
            SOFTPROB[:1], ["predicted_label", "probability", "raw_scores"], "multi:softprob", "2"
        ),
        [{"predicted_label": 1, "probability": 0.75, "raw_scores": [0.25, 0.75]}],
    ),
    Row(
        XGBOOST + "serve_utils.py",
        "selected contents as csv",
        lambda: xgboost.selected_answer(
            [{"labels": [0, 1], "predicted_label": 1}], ["predicted_label", "labels"], CSV, is_batch=False
        ),
        '1,"[0, 1]"',
    ),
    Row(
        XGBOOST + "serve_utils.py",
        "selected contents as json lines",
        lambda: xgboost.selected_answer([{"a": 1}, {"a": 2}], ["a"], "application/jsonlines", is_batch=False),
        '{"a": 1}\n{"a": 2}\n',
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.source.partition('/')[0]}: {row.what}")
def test_a_default_handler_does_what_the_containers_do(row: Row) -> None:
    result = row.act()
    if isinstance(row.expected, np.ndarray):
        assert result.dtype == row.expected.dtype
        np.testing.assert_array_equal(result, row.expected)
    elif isinstance(row.expected, torch.Tensor):
        assert result.dtype == row.expected.dtype
        assert torch.equal(result.cpu(), row.expected)
    else:
        assert result == row.expected


UNKNOWN = [
    Row(SCIKIT_LEARN, "scikit-learn reads", lambda: SKLEARN.input_fn(b"", "image/png"), None),
    Row(SCIKIT_LEARN, "scikit-learn writes", lambda: SKLEARN.output_fn([1], "image/png"), None),
    Row(PYTORCH, "PyTorch reads", lambda: TORCH.input_fn(b"", "image/png"), None),
    Row(PYTORCH, "PyTorch writes", lambda: TORCH.output_fn([1], "image/png"), None),
    Row(HUGGING_FACE, "Hugging Face reads", lambda: huggingface_formats.decode(b"", "text/html"), None),
    Row(HUGGING_FACE, "Hugging Face writes", lambda: huggingface_formats.encode([1], "text/html"), None),
    Row(CONTAINERS, "csv with parameters", containers_read("1", "text/csv; charset=utf-8"), None),
]


@pytest.mark.parametrize("row", UNKNOWN, ids=lambda row: row.what)
def test_an_unknown_type_is_refused_with_the_toolkits_words(row: Row) -> None:
    with pytest.raises(UnsupportedFormat, match=r"^Content type .* is not supported by this framework"):
        row.act()


def test_npy_with_pickles_is_refused() -> None:
    """Unlike AWS's images before March 2026: an array of objects would run the sender's code."""
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}], dtype=object))
    for decoders in (CONTAINERS_DECODERS, INFERENCE_DECODERS):
        with pytest.raises(ValueError, match="allow_pickle=False"):
            decode(buffer.getvalue(), NPY, decoders)


def test_an_accepted_type_that_xgboost_does_not_have_is_refused_with_its_words() -> None:
    with pytest.raises(ValueError, match=r"Accept type image/png is not supported\. Please use supported accept types"):
        xgboost.accepted_type("image/png", CSV)


def test_a_csv_without_a_header_is_refused_by_hugging_face() -> None:
    with pytest.raises(huggingface_formats.UnusableContent, match="correct CSV with Header columns"):
        huggingface_formats.decode("a\nb\n", CSV)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TorchScript, which is all that the default loads
def test_pytorch_loads_the_only_torchscript_file(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match=r"Exactly one \.pth or \.pt file is required for PyTorch models"):
        TORCH.model_fn(str(tmp_path))
    torch.jit.script(torch.nn.Identity()).save(str(tmp_path / "any.pth"))  # type: ignore[no-untyped-call]
    assert TORCH.model_fn(str(tmp_path))(torch.ones(1)).tolist() == [1.0]


@pytest.mark.parametrize(
    ("architecture", "task"),
    [
        ("DistilBertForSequenceClassification", "text-classification"),
        ("TapasForQuestionAnswering", "table-question-answering"),
        ("BertForQuestionAnswering", "question-answering"),
        ("GPT2LMHeadModel", "text-generation"),
        ("T5ForConditionalGeneration", "text2text-generation"),
    ],
)
def test_hugging_face_finds_the_task_by_the_architecture(architecture: str, task: str, tmp_path: Any) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architectures": [architecture]}))
    assert huggingface.task_of(tmp_path) == task
