"""A run of a job whose uploads the next emulator can continue: how its containers ended is kept until they are done."""

from __future__ import annotations

import logging
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from safety.left_files import TooMuchLeft
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS
from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.jobs.channel import InputError
from sagemaker_emulator.jobs.delayed_uploads import DelayedUploads, StoppedUploading
from sagemaker_emulator.jobs.failures import aws_failure
from sagemaker_emulator.jobs.job_containers import Halt
from sagemaker_emulator.jobs.job_threads import JobFailed, JobLeft
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.resources.tracking.metric_summary import MetricSummary
from sagemaker_emulator.resources.training_job import Metric
from sagemaker_emulator.storage.atomic_files import write_atomically

FILE = "ended.json"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunEnd:
    """How the containers ended. `failure_reason` is None for a job whose containers succeeded."""

    failure_reason: str | None = None
    ran_out_of_time: bool = False
    exit_message: str | None = None
    metrics: tuple[Metric, ...] = ()
    summaries: tuple[MetricSummary, ...] = ()

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


class ResumableRun(ABC):
    """One run of a job: its containers up to their end, then its uploads.

    `kind` is the job's kind for messages. `delayed` is called with the reason when an upload has to wait.
    """

    def __init__(
        self, kind: str, name: str, halt: Halt, context: RunContext, delayed: Callable[[str], None] = lambda _: None
    ) -> None:
        self._title, self._context = f"{kind} job {name}", context
        self._uploads = DelayedUploads(self._title, halt, context.upload_retry_s, context.stop_grace_s, delayed)
        self._directory = context.directory / name
        self._earlier_end: RunEnd | None = None
        self.end = RunEnd()

    def find_end(self) -> bool:
        """Look for the files of a job whose containers had ended when an earlier emulator went down."""
        self._earlier_end = RunEnd.read(self._directory)
        return self._earlier_end is not None

    def run(self) -> None:
        """Carry out the job. JobFailed has AWS's FailureReason; a stopped job returns like a completed one.

        JobLeft means that the next emulator goes on.
        """
        is_left = False
        try:
            if self._earlier_end:
                self.end = self._earlier_end
                self._upload()
            elif end := self._run_containers():
                self.end = end
                end.write(self._directory)
                self._upload()
        except (InputError, TooMuchLeft, EngineError) as error:
            raise JobFailed(f"ClientError: {error}") from error
        except AWS_ERRORS as error:
            raise aws_failure(error) from error
        except StoppedUploading as error:
            log.warning("%s was stopped before its files were in S3: %s", self._title, error)
        except JobLeft:
            is_left = True
            raise
        finally:
            if not is_left:
                shutil.rmtree(self._directory, ignore_errors=True)

    @abstractmethod
    def _run_containers(self) -> RunEnd | None:
        """Run the containers to their end; return None for a job that was stopped before they started."""

    @abstractmethod
    def _upload(self) -> None:
        """Upload what the containers left."""
