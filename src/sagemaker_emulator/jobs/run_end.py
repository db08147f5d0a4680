"""The end of a job's containers, on disk until its files are in S3, so that a restart continues the uploads."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sagemaker_emulator.resources.training_job import Metric
from sagemaker_emulator.storage.atomic_files import write_atomically

FILE = "ended.json"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunEnd:
    """`failure_reason` is None for a job whose containers succeeded."""

    failure_reason: str | None = None
    ran_out_of_time: bool = False
    exit_message: str | None = None
    metrics: tuple[Metric, ...] = ()

    def write(self, directory: Path) -> None:
        """Write the file beside the folders of the hosts. On a full disk it is left out: a restart fails the job."""
        try:
            write_atomically(directory / FILE, [msgspec.json.encode(self)])
        except OSError as error:
            log.warning("the end of the job in %s could not be written: %s", directory, error)

    @classmethod
    def read(cls, directory: Path) -> RunEnd | None:
        """Return what `write` wrote; None for a job whose containers had not ended, or for a damaged file."""
        with suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode((directory / FILE).read_bytes(), type=cls)
        return None
