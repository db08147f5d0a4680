"""The log lines of AWS's container, and the metrics that SageMaker reads from them."""

import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from image_classification.log import TrainingLog, container_log

from .conftest import TINY, Container

PREFIX = re.compile(r"\[(0\d|1[0-2])/[0-3]\d/\d{4} [0-2]\d:[0-5]\d:[0-5]\d (INFO|ERROR) \d+\] ")
METRICS = {"train:accuracy": r"Train-accuracy=(\S+)", "validation:accuracy": r"Validation-accuracy=(\S+)"}
GOLDEN = """\
Epoch[0] Batch [20]#011Speed: 123.95 samples/sec#011accuracy=0.575893
Epoch[0] Train-accuracy=0.618952
Epoch[0] Time cost=6.812
Epoch[0] Validation-accuracy=0.505208
Storing the best model with validation accuracy: 0.505208
Saved checkpoint to "/opt/ml/model/image-classification-0001.params"
"""
RUN = """\
Epoch[N] Batch [N]#N: N samples/sec#N=N
Epoch[N] Train-accuracy=N
Epoch[N] Time cost=N
Epoch[N] Validation-accuracy=N
Storing the best model with validation accuracy: N
Saved checkpoint to "FOLDER/model/image-classification-N.params"
"""


def without_prefix(text: str) -> list[str]:
    lines = text.splitlines()
    assert all(PREFIX.match(line) for line in lines), text
    return [PREFIX.sub("", line, count=1) for line in lines]


def test_the_lines_equal_those_of_an_aws_log(capsys: pytest.CaptureFixture[str]) -> None:
    log = TrainingLog(container_log())
    log.batch(0, 20, 123.951, 0.5758928)
    log.train_accuracy(0, 0.6189516)
    log.time_cost(0, 6.8123)
    log.validation_accuracy(0, 0.5052083)
    log.best_model(0.5052083)
    log.saved_checkpoint(Path("/opt/ml/model/image-classification-0001.params"))
    assert without_prefix(capsys.readouterr().out) == GOLDEN.splitlines()
    assert logging.getLogger("image_classification").propagate is False


def test_a_run_logs_these_lines_in_this_order_and_its_metrics_can_be_read(
    container: Container, train: Callable[[Container], int], capsys: pytest.CaptureFixture[str]
) -> None:
    container.configure({**TINY, "mini_batch_size": "2", "epochs": "1"})
    assert train(container) == 0
    out = capsys.readouterr().out
    lines = [line for line in without_prefix(out) if line.startswith(("Epoch", "Storing", "Saved"))]
    normalized = [
        re.sub(r"\d+(\.\d+)?", "N", line.replace(str(container.base), "FOLDER"))
        .replace("#NSpeed", "#N")
        .replace("#Naccuracy", "#N")
        for line in lines
    ]
    assert normalized == RUN.splitlines()
    metrics = {name: re.findall(regex, out) for name, regex in METRICS.items()}
    assert [len(values) for values in metrics.values()] == [1, 1]
    assert all(0 <= float(values[0]) <= 1 for values in metrics.values())
