"""The NumPy network answers as ONNX Runtime does, for every kind of network that the kit trains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from image_classification.network.classifier import Classifier
from image_classification.network.onnx_export import to_onnx
from image_classification.network.resnets import network
from image_monitoring.served_model.network import Network, NetworkError

IMAGES = np.random.default_rng(5).integers(0, 256, (5, 32, 32, 3), np.uint8)


def graph(layers: int | None = None, multi_label: bool = False) -> bytes:
    torch.manual_seed(1)
    model = Classifier(network(layers, 3, 4), torch.full((3,), 120.0), torch.full((3,), 60.0), True)
    model.train()(torch.from_numpy(IMAGES))  # batch normalization has statistics of its own then
    return bytes(to_onnx(model.eval(), (3, 32, 32), 4, multi_label).SerializeToString())


@pytest.mark.parametrize(("layers", "multi_label"), [(None, False), (None, True), (20, False), (18, False)])
def test_the_answers_are_those_of_onnx_runtime(layers: int | None, multi_label: bool) -> None:
    data = graph(layers, multi_label)
    expected = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, {"images": IMAGES})[0]
    assert Network.parse(data).probabilities(IMAGES) == pytest.approx(expected, abs=1e-4)


def test_the_embedding_is_what_the_last_layer_sees() -> None:
    parsed = Network.parse(graph())
    embedding = parsed.embedding(IMAGES)
    assert embedding.shape == (5, 128)
    # An image and its mirror image have the same answer, but not the same embedding.
    assert parsed.probabilities(IMAGES) == pytest.approx(parsed.probabilities(IMAGES[:, :, ::-1]), abs=1e-5)
    assert not np.allclose(embedding, parsed.embedding(IMAGES[:, :, ::-1]))


def test_a_graph_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="cannot be read"):
        Network.parse(graph()[:1000])


def test_an_operation_that_is_not_known_is_named() -> None:
    with pytest.raises(NetworkError, match="the operation Telu"):
        Network.parse(graph().replace(b"Relu", b"Telu"))
