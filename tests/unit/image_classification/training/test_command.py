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
from image_classification.log import TrainingLog, container_log
from image_classification.paths import ContainerPaths
from image_classification.training.job_setup import prepare_run

from ..conftest import HYPERPARAMETERS, TINY, Container

TIMEOUT_S = 300
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


def test_a_job_learns_and_keeps_only_the_best_model(trained: Container) -> None:
    names = sorted(path.name for path in trained.model.iterdir())
    assert [re.sub(r"\d{4}", "NNNN", name) for name in names] == [
        "image-classification-NNNN.params",
        "model-shapes.json",
        "model.onnx",
    ]
    assert "layers.0.weight" in torch.load(trained.model / names[0], weights_only=True)
    onnx.checker.check_model(onnx.load(trained.model / "model.onnx"))


def test_the_log_has_aws_lines(container: Container, train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    container.configure({**TINY, "mini_batch_size": "2", "epochs": "1"})
    assert train(container) == 0
    log = capsys.readouterr().out
    assert all(re.match(PREFIX, line) for line in log.splitlines())
    matches = [re.search(f"^{PREFIX}{line}$", log, re.MULTILINE) for line in LINES]
    assert all(matches), log
    positions = [match.start() for match in matches if match]
    assert positions == sorted(positions)
    assert re.findall(r"Validation-accuracy=(.*\S)", log)  # SageMaker's metric definition
    assert "Different from AWS: Validation counts every image once" in log


def test_the_same_seed_gives_the_same_model(container: Container, trained: Container, train: Train) -> None:
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


class NotFinite(torch.nn.Module):
    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return (logits - labels).sum() * float("nan")


def test_a_loss_that_is_not_finite_is_an_algorithm_error(
    container: Container, capsys: pytest.CaptureFixture[str]
) -> None:
    hyperparameters = parse_hyperparameters(TINY)
    job = prepare_run(hyperparameters, ContainerPaths(container.base), TrainingLog(container_log()), lambda: False)
    job.trainer.replicas.criterion = NotFinite()
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
    assert time.monotonic() - started < TIMEOUT_S
    assert "by request; the best model so far is kept" in rest
    assert (container.model / "model.onnx").is_file()


def test_an_unknown_command_prints_the_usage() -> None:
    command = [sys.executable, "-m", "image_classification", "fly"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (64, "usage: python -m image_classification train|serve\n")


def test_the_pure_modules_import_without_opt_ml() -> None:
    modules = ("data.augmentation", "data.dataset", "data.lst_manifest", "network.onnx_export", "training.trainer")
    code = "; ".join(f"import image_classification.{module}" for module in modules)
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(Path("/nowhere"))}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


@pytest.mark.parametrize(("num_layers", "exit_code"), [("20", 0), ("18", 2)])
def test_a_batch_of_one_image_is_refused_if_the_network_reduces_it_to_one_pixel(
    container: Container, train: Train, num_layers: str, exit_code: int
) -> None:
    container.configure({**TINY, "mini_batch_size": "1", "epochs": "1", "num_layers": num_layers})
    assert train(container) == exit_code
    if exit_code:
        assert "batch normalization needs at least 2" in container.failure


def test_training_runs_between_the_parts_on_one_thread(container: Container) -> None:
    hyperparameters, threads = parse_hyperparameters(TINY), torch.get_num_threads()
    seen: list[int] = []

    def stopping() -> bool:
        seen.append(torch.get_num_threads())
        return False

    job = prepare_run(hyperparameters, ContainerPaths(container.base), TrainingLog(container_log()), stopping)
    job.trainer.train_one_epoch(2, job.tally(), lambda *figures: None)
    assert (seen, torch.get_num_threads()) == ([1, 1], threads)
