"""A trained model that answers: images are prepared as in training, then ONNX Runtime computes probabilities."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

from image_classification.data.preparation import Pixels
from image_classification.model_artifacts import ONNX_FILE, Description, UnusableModelError, read_description

BROKEN_MODEL = (
    onnx_errors.Fail,
    onnx_errors.InvalidArgument,
    onnx_errors.InvalidGraph,
    onnx_errors.InvalidProtobuf,
    onnx_errors.NoSuchFile,
    onnx_errors.NotImplemented,
    onnx_errors.RuntimeException,
)
WARM_UP_RUNS = 5  # the fastest counts: the others may have waited for a core


@dataclass(frozen=True)
class Predictor:
    """A loaded model. Threads may share it. `inference_s` is the time that one image takes."""

    description: Description
    session: onnxruntime.InferenceSession
    inference_s: float

    def predict(self, image: bytes) -> list[float]:
        """Return a probability for each class, in the order of the labels. Raises UnreadableImageError."""
        pixels = self.description.preparation.prepared(image)
        probabilities: list[float] = self.session.run(None, {"images": pixels[np.newaxis]})[0][0].tolist()
        return probabilities


def run_time_s(session: onnxruntime.InferenceSession, images: Pixels) -> float:
    started = time.perf_counter()
    session.run(None, {"images": images})
    return time.perf_counter() - started


def load_predictor(folder: Path) -> Predictor:
    """Load the model and run it a few times, so that the first request is not slow. Raises UnusableModelError."""
    description = read_description(folder)
    path = folder / ONNX_FILE
    if not path.is_file():
        raise UnusableModelError(f"no {ONNX_FILE} in {folder}: the training job ended before it had a model")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # parallelism comes from requests
    options.log_severity_level = 3
    preparation = description.preparation
    blank = np.zeros((1, preparation.height, preparation.width, preparation.channels), np.uint8)
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        answer = session.run(None, {"images": blank})[0]
        inference_s = min(run_time_s(session, blank) for _ in range(WARM_UP_RUNS))
    except BROKEN_MODEL as error:
        raise UnusableModelError(f"{path} cannot be loaded: {error}") from error
    if answer.shape != (1, description.num_classes):
        raise UnusableModelError(f"{path} answers {answer.shape[-1]} classes instead of {description.num_classes}")
    return Predictor(description, session, inference_s)
