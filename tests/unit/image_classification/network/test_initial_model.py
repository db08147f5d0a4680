import io
import json
import pickle
import re
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from image_classification.data.preparation import Preparation
from image_classification.failure import CustomerError
from image_classification.hyperparameters import Hyperparameters
from image_classification.model_artifacts import Description
from image_classification.network.classifier import Classifier
from image_classification.network.initial_model import copy_weights, last_layer_names, matched_hyperparameters
from image_classification.network.resnets import network
from image_classification.network.weight_files import StoredModel

from ..conftest import CHANNELS, TINY, Container

Train = Callable[[Container], int]
ONE_EPOCH = {**TINY, "epochs": "1"}


def give(container: Container, files: dict[str, bytes]) -> None:
    """Fill the `model` channel."""
    for name, content in files.items():
        path = container.channel("model") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    channels = {name: {"ContentType": "application/x-image"} for name in CHANNELS}
    container.write_config("inputdataconfig", {**channels, "model": {"ContentType": "application/x-sagemaker-model"}})


def packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.add(folder, arcname=".")
    return buffer.getvalue()


def first_accuracy(log: str) -> float:
    return float(re.findall(r"Epoch\[0\] Validation-accuracy=([\d.]+)", log)[0])


@pytest.fixture
def slow(container: Container) -> Container:
    """A job with a learning rate of 0: its accuracy comes from the weights that it begins with."""
    container.configure({**ONE_EPOCH, "learning_rate": "0"})
    return container


@pytest.mark.parametrize("as_archive", [True, False])
def test_incremental_training_continues_from_the_stored_model(
    slow: Container, trained: Container, train: Train, capsys: pytest.CaptureFixture[str], as_archive: bool
) -> None:
    if as_archive:
        give(slow, {"model.tar.gz": packed(trained.model)})
    else:
        give(slow, {path.name: path.read_bytes() for path in trained.model.iterdir()})
    assert train(slow) == 0
    log = capsys.readouterr().out
    assert "Training begins with the weights of the model in the model channel." in log
    assert first_accuracy(log) == 1.0


@pytest.mark.parametrize(
    ("hyperparameter", "value", "theirs"),
    [
        ("num_classes", "3", "'2'"),
        ("image_shape", "3,12,12", "'3,16,16'"),
        ("num_layers", "20", "the default network for small images"),
    ],
)
def test_incremental_training_needs_the_same_network(
    container: Container, trained: Container, train: Train, hyperparameter: str, value: str, theirs: str
) -> None:
    give(container, {"model.tar.gz": packed(trained.model)})
    container.configure({**ONE_EPOCH, hyperparameter: value})
    assert train(container) == 2
    assert container.failure.startswith(
        f"ClientError: The value '{value}' of the '{hyperparameter}' hyperparameter does not match the model in the "
        f"model channel, which was trained with {theirs}."
    )


def test_transfer_learning_copies_all_but_the_last_layer(
    container: Container, trained: Container, train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    give(container, {"model.tar.gz": packed(trained.model)})
    container.configure({**ONE_EPOCH, "use_pretrained_model": "1", "num_classes": "3", "image_shape": "3,14,14"})
    assert train(container) == 0
    assert "Training begins with" in capsys.readouterr().out
    assert json.loads((container.model / "model-shapes.json").read_text())["num_classes"] == 3


def torchvision_weights(num_layers: int) -> dict[str, torch.Tensor]:
    """Return the arrays of torchvision's ResNet of that depth in its order, with its names where they matter."""
    own = network(num_layers, 3, 1000).state_dict()
    *_, last_weight, last_bias = own
    names = {"0.weight": "conv1.weight", last_weight: "fc.weight", last_bias: "fc.bias"}
    return {names.get(name, name): value for name, value in own.items()}


def test_transfer_learning_reads_torchvisions_weights_from_a_file(
    slow: Container, train: Train, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, file = torchvision_weights(18), tmp_path_factory.mktemp("pretrained") / "resnet18.pth"
    torch.save(weights, file)
    monkeypatch.setenv("IMAGE_CLASSIFICATION_PRETRAINED_MODEL", str(file))
    slow.configure({**ONE_EPOCH, "learning_rate": "0", "use_pretrained_model": "1", "num_layers": "18"})
    assert train(slow) == 0
    (checkpoint,) = slow.model.glob("*.params")
    stored = torch.load(checkpoint, weights_only=True)
    assert torch.equal(stored["layers.0.weight"], weights["conv1.weight"])
    assert stored["mean"].flatten().tolist() == pytest.approx([123.675, 116.28, 103.53])


def test_missing_pretrained_weights_are_a_client_error(container: Container, train: Train) -> None:
    container.configure({**TINY, "use_pretrained_model": "1"})
    assert train(container) == 2
    assert "use_pretrained_model is 1, but this image has no pretrained weights" in container.failure
    assert "IMAGE_CLASSIFICATION_PRETRAINED_MODEL" in container.failure


class Evil:
    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return Path("/tmp/evil").write_text, ("run",)  # noqa: S108


def mxnet() -> bytes:
    return (0x112).to_bytes(8, "little") + bytes(100)


def other_network() -> bytes:
    buffer = io.BytesIO()
    torch.save(Classifier(network(20, 3, 2), torch.zeros(3), torch.ones(3), False).state_dict(), buffer)
    return buffer.getvalue()


def whole_module() -> bytes:
    buffer = io.BytesIO()
    torch.save(nn.Linear(1, 1), buffer)
    return buffer.getvalue()


def one_tensor() -> bytes:
    buffer = io.BytesIO()
    torch.save(torch.ones(3), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "the model channel has no file of weights"),
        ({"a.params": b""}, "a.params is not a file of weights that PyTorch can read safely"),
        ({"a.params": mxnet()}, "AWS's own image writes MXNet's format, which this program does not read"),
        (
            {"a.params": pickle.dumps(Evil(), protocol=2)},
            "a.params is not a file of weights that PyTorch can read safely",
        ),
        ({"a.params": whole_module()}, "a.params is not a file of weights that PyTorch can read safely"),
        ({"a.params": one_tensor()}, "a.params holds something other than named weights"),
        ({"a.params": other_network()}, "The weights in the model channel are not those of this job's network"),
        ({"model.tar.gz": b"x"}, "model.tar.gz is not a readable archive"),
        ({"a/model.tar.gz": b"x", "b/model.tar.gz": b"x"}, "the model channel has 2 archives"),
        ({"a.params": other_network(), "model-shapes.json": b"{"}, "model-shapes.json cannot be read"),
    ],
)
def test_an_unusable_model_is_a_client_error(
    container: Container, train: Train, files: dict[str, bytes], message: str
) -> None:
    give(container, {"readme.txt": b"", **files})
    container.configure(ONE_EPOCH)
    assert train(container) == 2
    assert message in container.failure
    assert not Path("/tmp/evil").exists()  # noqa: S108


def stored(**description: object) -> StoredModel:
    fields = {"num_classes": 2, "multi_label": False, "preparation": Preparation(3, 32, 32), "num_layers": 20}
    return StoredModel("the model channel", {}, Description(**{**fields, **description}))  # type: ignore[arg-type]


JOB = Hyperparameters(num_classes=2, num_training_samples=64, image_shape=(3, 32, 32))


def test_a_job_takes_the_depth_of_its_stored_model() -> None:
    assert matched_hyperparameters(JOB, stored()).num_layers == 20
    assert matched_hyperparameters(JOB, stored(num_layers=None)).num_layers is None
    assert matched_hyperparameters(JOB, None) == matched_hyperparameters(JOB, StoredModel("", {}, None)) == JOB


def test_transfer_learning_may_change_classes_and_shape_but_not_the_depth() -> None:
    transfer = replace(JOB, use_pretrained_model=True, num_classes=5, image_shape=(3, 28, 28))
    assert matched_hyperparameters(transfer, stored()) == replace(transfer, num_layers=20)
    with pytest.raises(CustomerError, match="The value '32' of the 'num_layers' hyperparameter does not match"):
        matched_hyperparameters(replace(transfer, num_layers=32), stored())


def test_torchvision_weights_of_another_depth_are_a_client_error() -> None:
    model = Classifier(network(34, 3, 2), torch.zeros(3), torch.ones(3), False)
    with pytest.raises(CustomerError, match="num_layers must be that of the weights"):
        copy_weights(StoredModel("weights.pth", torchvision_weights(18), None), model, with_last_layer=False)


def test_transfer_learning_leaves_the_last_layer_unchanged() -> None:
    model, other = (Classifier(network(20, 3, 2), torch.zeros(3), torch.ones(3), False) for _ in range(2))
    before = model.state_dict()[last_layer_names(model)[0]].clone()
    copy_weights(StoredModel("other", other.state_dict(), None), model, with_last_layer=False)
    changed = [name for name, value in model.state_dict().items() if not torch.equal(value, other.state_dict()[name])]
    assert changed == last_layer_names(model)
    assert torch.equal(model.state_dict()[changed[0]], before)
