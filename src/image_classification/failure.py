"""The errors of this program by whose fault they are, and their report: log line, failure file and exit code."""

import logging
from pathlib import Path
from typing import ClassVar

FAILURE_LIMIT = 1024  # the longest FailureReason that SageMaker takes


class ContainerError(Exception):
    """Base of this program's errors. AWS names each kind one way in the log and another way in FailureReason."""

    log_name: ClassVar[str]
    failure_name: ClassVar[str]
    exit_code: ClassVar[int]


class CustomerError(ContainerError):
    """The job's input is wrong: hyperparameters, channels, manifests or images."""

    log_name, failure_name, exit_code = "Customer Error", "ClientError", 2


class AlgorithmError(ContainerError):
    """Training itself failed, or the job needs something that this program does not do."""

    log_name, failure_name, exit_code = "Algorithm Error", "AlgorithmError", 1


class PlatformError(ContainerError):
    """The platform broke its side of the container contract."""

    log_name, failure_name, exit_code = "Platform Error", "InternalServerError", 3


def report_failure(error: ContainerError, failure_file: Path, log: logging.Logger) -> int:
    """Write the log line and the failure file, and return the exit code."""
    log.error("%s: %s", error.log_name, error)
    failure_file.parent.mkdir(parents=True, exist_ok=True)
    failure_file.write_text(f"{error.failure_name}: {error}"[:FAILURE_LIMIT], encoding="utf-8")
    return error.exit_code
