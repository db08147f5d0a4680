import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch

from image_classification.failure import AlgorithmError
from image_classification.hyperparameters import parse_hyperparameters
from image_classification.job import prepare_job
from image_classification.log import TrainingLog, container_log
from image_classification.paths import ContainerPaths

from .conftest import HYPERPARAMETERS, TINY, Container, picture, png

Train = Callable[[Container], int]
PREFIX = r"\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d INFO \d+\] "
LINES = [
    r"Epoch\[0\] Batch \[20\]#011Speed: \d+\.\d\d samples/sec#011accuracy=[01]\.\d{6}",
    r"Epoch\[0\] Train-accuracy=[01]\.\d{6}",
    r"Epoch\[0\] Time cost=\d+\.\d{3}",
    r"Epoch\[0\] Validation-accuracy=[01]\.\d{6}",
    r"Storing the best model with validation accuracy: [01]\.\d{6}",
    r'Saved checkpoint to ".*/model/image-classification-0001\.params"',
]


def test_a_job_learns_and_leaves_one_best_model(trained: Container) -> None:
    names = sorted(path.name for path in trained.model.iterdir())
    assert [re.sub(r"\d{4}", "NNNN", name) for name in names] == [
        "image-classification-NNNN.params",
        "model-shapes.json",
        "model.onnx",
    ]
    assert "layers.0.weight" in torch.load(trained.model / names[0], weights_only=True)
    onnx.checker.check_model(onnx.load(trained.model / "model.onnx"))


def test_the_lines_of_the_log_are_those_of_aws(
    container: Container, train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    container.configure({**TINY, "mini_batch_size": "2", "epochs": "1"})
    assert train(container) == 0
    log = capsys.readouterr().out
    assert all(re.match(PREFIX, line) for line in log.splitlines())
    found = [re.search(f"^{PREFIX}{line}$", log, re.MULTILINE) for line in LINES]
    assert all(found), log
    positions = [match.start() for match in found if match]
    assert positions == sorted(positions)
    assert re.findall(r"Validation-accuracy=(.*\S)", log)  # SageMaker's metric definition
    assert "Different from AWS: Validation counts every image once" in log


def test_the_same_job_gives_the_same_model(container: Container, trained: Container, train: Train) -> None:
    assert train(container) == 0
    assert (container.model / "model.onnx").read_bytes() == (trained.model / "model.onnx").read_bytes()


@pytest.mark.parametrize(
    "hyperparameters",
    [
        {"optimizer": "adam", "learning_rate": "0.001", "augmentation_type": "crop_color_transform", "resize": "20"},
        {"optimizer": "rmsprop", "learning_rate": "0.001", "augmentation_type": "crop", "early_stopping": "true"},
        {"optimizer": "sgd", "lr_scheduler_step": "1,2", "checkpoint_frequency": "1", "num_layers": "20", "top_k": "2"},
        {"precision_dtype": "float16", "kv_store": "dist_sync", "image_shape": "1,16,16"},
    ],
)
def test_other_hyperparameters_train_too(container: Container, train: Train, hyperparameters: dict[str, str]) -> None:
    container.configure({**TINY, "epochs": "2", "num_training_samples": "16", **hyperparameters})
    assert train(container) == 0
    checkpoints = len(list(container.model.glob("*.params")))
    assert checkpoints == (2 if "checkpoint_frequency" in hyperparameters else 1)


def test_a_multi_label_job_trains(container: Container, train: Train) -> None:
    for channel, count in (("train", 48), ("validation", 12)):
        lines = [f"{number}\t{number % 2}\t1\t{number}.png\n" for number in range(count)]
        container.manifest(channel).write_text("".join(lines))
    container.configure({**TINY, "epochs": "1", "multi_label": "1", "use_weighted_loss": "1"})
    assert train(container) == 0


def broken_image(container: Container) -> None:
    (container.channel("train") / "3.png").write_bytes(b"not an image")
    (container.channel("train") / "4.png").write_bytes(b"")


def missing_image(container: Container) -> None:
    (container.channel("validation") / "0.png").unlink()


def small_image(container: Container) -> None:
    (container.channel("train") / "0.png").write_bytes(png(picture(0, 1, size=8)))


def wrong_label(container: Container) -> None:
    container.manifest("train").write_text("0\t2\t0.png\n")


def broken_manifest(container: Container) -> None:
    container.manifest("validation").write_text("0 1 0.png\n")


def few_images(container: Container) -> None:
    container.manifest("train").write_text("0\t1\t0.png\n")


def missing_channel(container: Container) -> None:
    container.write_config("inputdataconfig", {"train": {}, "train_lst": {}, "validation": {}})


def pipe_mode(container: Container) -> None:
    container.write_config("inputdataconfig", {"train": {"TrainingInputMode": "Pipe"}})


def record_io(container: Container) -> None:
    container.write_config("inputdataconfig", {"train": {"ContentType": "application/x-recordio"}})


def unknown_channel(container: Container) -> None:
    container.write_config("inputdataconfig", {"test": {}})


def model_channel(container: Container) -> None:
    container.write_config("inputdataconfig", {"model": {}})


def two_hosts(container: Container) -> None:
    container.write_config("resourceconfig", {"current_host": "algo-1", "hosts": ["algo-1", "algo-2"]})


def pretrained(container: Container) -> None:
    container.configure({**TINY, "use_pretrained_model": "1"})


def unknown_hyperparameter(container: Container) -> None:
    container.configure({**TINY, "batch_size": "1"})


@pytest.mark.parametrize(
    ("break_it", "failure"),
    [
        (broken_image, "2 of 48 images in the train channel cannot be used. 3.png: it is not a PNG or JPEG image"),
        (missing_image, "1 of 12 images in the validation channel cannot be used. 0.png: the manifest lists it, but"),
        (small_image, "0.png: it is 8 x 8 pixels, smaller than the image_shape's 16 x 16"),
        (wrong_label, "The label 2 of 0.png is not one of 0 to 1: num_classes is 2."),
        (broken_manifest, "Invalid lst file in the validation_lst channel. validation.lst, line 1:"),
        (few_images, "The number of input images must be bigger or equal to the mini_batch_size."),
        (missing_channel, "Missing required channel(s): 'validation_lst'."),
        (pipe_mode, "The train channel's TrainingInputMode 'Pipe' is not supported; use 'File'."),
        (record_io, "The train channel's ContentType 'application/x-recordio' is not supported"),
        (unknown_channel, "The channel 'test' is not one of train, validation, train_lst, validation_lst."),
        (model_channel, "The 'model' channel (incremental training) is not supported"),
        (two_hosts, "Training on 2 instances is not supported"),
        (pretrained, "use_pretrained_model is 1, but this image has no pretrained weights"),
        (unknown_hyperparameter, "Additional hyperparameters are not allowed ('batch_size' was unexpected)"),
    ],
)
def test_wrong_input_is_a_client_error(
    container: Container,
    train: Train,
    capsys: pytest.CaptureFixture[str],
    break_it: Callable[[Container], None],
    failure: str,
) -> None:
    break_it(container)
    assert train(container) == 2
    assert container.failure.startswith("ClientError: ")
    assert failure in container.failure
    assert re.search(r"ERROR \d+\] Customer Error: ", capsys.readouterr().out)
    assert not list(container.base.glob("model/*.params"))


def test_a_missing_configuration_is_the_platforms_error(container: Container, train: Train) -> None:
    (container.base / "input" / "config" / "hyperparameters.json").write_text("{")
    assert train(container) == 3
    assert container.failure.startswith("InternalServerError: ")


class NoNumber(torch.nn.Module):
    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return (logits - labels).sum() * float("nan")


def test_a_loss_that_is_no_number_is_an_algorithm_error(
    container: Container, capsys: pytest.CaptureFixture[str]
) -> None:
    given = parse_hyperparameters(TINY)
    job = prepare_job(given, ContainerPaths(container.base), TrainingLog(container_log()), lambda: False)
    job.trainer.criterion = NoNumber()
    with pytest.raises(AlgorithmError, match="The loss became nan at batch 0"):
        job.run()


def test_sigterm_ends_training_with_the_best_model_so_far(container: Container) -> None:
    container.configure({**HYPERPARAMETERS, "mini_batch_size": "8", "epochs": "100000"})
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(container.base)}
    command = [sys.executable, "-m", "image_classification", "train"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Saved checkpoint" in line:
                break
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert time.monotonic() - started < 60
    assert "by request; the best model so far is kept" in rest
    assert (container.model / "model.onnx").is_file()


def test_the_program_without_a_command_says_how_it_is_used() -> None:
    command = [sys.executable, "-m", "image_classification", "fly"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (64, "usage: python -m image_classification train|serve\n")


def test_the_pure_modules_need_no_container() -> None:
    modules = ("augmentation", "dataset", "export", "images", "manifest", "model", "optimisation", "training")
    code = "; ".join(f"import image_classification.{module}" for module in modules)
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(Path("/nowhere"))}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
