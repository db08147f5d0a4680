"""The `train` command of the built-in algorithm: configuration, channels, training, model, and the failure file."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from pathlib import Path, PurePosixPath
from typing import Any

from frameworks.contract.configuration import read_config
from frameworks.contract.failure import write_failure, write_success
from frameworks.contract.paths import ContainerPaths
from frameworks.xgboost_algorithm.configuration.channels import TRAIN, VALIDATION, Channels
from frameworks.xgboost_algorithm.configuration.hyperparameters import validated_hyperparameters
from frameworks.xgboost_algorithm.errors import UserError
from frameworks.xgboost_algorithm.training.boosting import Training
from frameworks.xgboost_algorithm.training.channel_files import matrix_of_channels
from frameworks.xgboost_algorithm.training.distribution import Hosts, joined

FAILURE = 1
OPT_ML = "/opt/ml"
LOG_FORMAT = "[%(asctime)s:%(levelname)s] %(message)s"
DATE_FORMAT = "%Y-%m-%d:%H:%M:%S"

log = logging.getLogger(__name__)


def main() -> int:
    """Return 0, or 1 after the failure file is written: `framework error:` and the exception, as on AWS."""
    paths = ContainerPaths.from_environment()
    logging.basicConfig(format=LOG_FORMAT, datefmt=DATE_FORMAT, level=logging.INFO, stream=sys.stdout)
    log.info("Running XGBoost Sagemaker in algorithm mode")
    try:
        _train(paths)
    except Exception as error:  # noqa: BLE001 - the edge of the program: all becomes the failure reason
        log.error("Reporting training FAILURE")
        traceback.print_exc()
        write_failure(paths, f"framework error: \n{type(error).__name__}: {error}")
        return FAILURE
    write_success(paths)
    return 0


def _train(paths: ContainerPaths) -> None:
    hyperparameters = validated_hyperparameters(read_config(paths.hyperparameters))
    _refuse_unsupported(hyperparameters)
    channels = Channels.of(read_config(paths.input_data_config))
    hosts = Hosts.of(read_config(paths.resource_config), os.environ)
    has_weights = bool(hyperparameters.get("csv_weights"))
    matrices = [
        matrix_of_channels([paths.channel(name)], channels.format, has_weights)
        for name in (TRAIN, *([VALIDATION] if channels.has_validation else []))
    ]
    # one host alone fails without data; of several hosts, those without are left out
    for name, matrix in zip((TRAIN, VALIDATION), matrices):
        if matrix is None and (len(hosts.names) == 1 or matrices[0] is not None):
            raise UserError(f"No data in {_description(name)} channel path {paths.channel(name)}")
    with joined(hosts, has_data=matrices[0] is not None) as training_hosts:
        if training_hosts is None:
            return
        training = Training(hyperparameters, paths.model, _checkpoint_dir(paths), training_hosts.is_master)
        log.info("Single node training." if len(hosts.names) == 1 else f"Host {hosts.current} trains")
        training.run(matrices[0], matrices[1] if len(matrices) > 1 else None)


def _description(channel: str) -> str:
    return "training" if channel == TRAIN else channel


def _refuse_unsupported(hyperparameters: dict[str, Any]) -> None:
    if hyperparameters.get("use_dask_gpu_training") == "true":
        raise UserError("use_dask_gpu_training is not supported locally: leave it out.")
    if "_kfold" in hyperparameters:
        raise UserError("_kfold, which Autopilot sets, is not supported locally: leave it out.")


def _checkpoint_dir(paths: ContainerPaths) -> Path | None:
    """Return the folder of CheckpointConfig, whose file exists only if the job has one."""
    try:
        config = json.loads((paths.configuration / "checkpointconfig.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    local_path = PurePosixPath(config["LocalPath"])
    if local_path.is_relative_to(OPT_ML):  # without a sandbox, the files are below another folder
        return paths.base / local_path.relative_to(OPT_ML)
    return Path(local_path)
