"""What can go wrong, whose fault it is, and how SageMaker is told: the log, the failure file and the exit code."""

import logging
from pathlib import Path
from typing import ClassVar

FAILURE_LIMIT = 1024  # FailureReason's own limit


class ContainerError(Exception):
    """This program's errors. `log_name` is how AWS's log names the kind, `failure_name` how FailureReason does."""

    log_name: ClassVar[str]
    failure_name: ClassVar[str]
    exit_code: ClassVar[int]


class CustomerError(ContainerError):
    """The job's own input is wrong: hyperparameters, channels, manifests or images."""

    log_name, failure_name, exit_code = "Customer Error", "ClientError", 2


class AlgorithmError(ContainerError):
    """Training itself failed, or was asked for what this program does not do."""

    log_name, failure_name, exit_code = "Algorithm Error", "AlgorithmError", 1


class PlatformError(ContainerError):
    """The platform did not give the container what its contract promises."""

    log_name, failure_name, exit_code = "Platform Error", "InternalServerError", 3


def report_failure(error: ContainerError, failure_file: Path, log: logging.Logger) -> int:
    """Write the failure file and the log line; returns the exit code."""
    log.error("%s: %s", error.log_name, error)
    failure_file.parent.mkdir(parents=True, exist_ok=True)
    failure_file.write_text(f"{error.failure_name}: {error}"[:FAILURE_LIMIT], encoding="utf-8")
    return error.exit_code
