"""The `train` command: SageMaker's container contract on one screen."""

import signal
import threading

from image_classification.configuration import read_config
from image_classification.data.channels import check_channels
from image_classification.failure import AlgorithmError, ContainerError, report_failure
from image_classification.hyperparameters import parse_hyperparameters
from image_classification.log import TrainingLog, container_log
from image_classification.paths import ContainerPaths
from image_classification.training.distributed.hosts import read_hosts
from image_classification.training.recipe import differences


def main() -> int:
    """Train and return the exit code. 0 means that `/opt/ml/model` holds a model.

    Otherwise the reason is in the log and in `/opt/ml/output/failure`.
    """
    paths, log, stop = ContainerPaths.from_environment(), container_log(), threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    try:
        train(paths, TrainingLog(log), stop)
    except ContainerError as error:
        return report_failure(error, paths.failure, log)
    except Exception as error:  # the contract: any error becomes a failure file
        log.exception("Training ended unexpectedly.")
        return report_failure(AlgorithmError(f"{type(error).__name__}: {error}"), paths.failure, log)
    return 0


def train(paths: ContainerPaths, log: TrainingLog, stop: threading.Event) -> None:
    """Check the job's input, then run it. `stop` ends it early, with the best model so far."""
    hyperparameters = parse_hyperparameters(read_config(paths.hyperparameters))
    check_channels(paths)
    hosts = read_hosts(paths)
    meeting_place = hosts.listen()
    for difference in differences(hyperparameters):
        log.note(difference)
    from image_classification.training.host_processes import (
        train_together,  # after the checks: loading PyTorch takes seconds
    )

    train_together(hyperparameters, paths, log, stop.is_set, hosts, meeting_place)
    log.note("Training is complete.")
