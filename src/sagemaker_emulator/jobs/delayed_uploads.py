"""Uploads of the files of ended containers. While S3 is unavailable they are delayed: finished work must not be lost.

An upload is repeated, with growing pauses, while S3 cannot be reached or answers with an error of its own, and while
the disk has no room for the archive. It ends

    when S3 has the files
    at once, with AWS's error       for a permanent error: no such bucket, access denied
    after the limit                 JobFailed; SAGEMAKER_EMULATOR_UPLOAD_RETRY_S is the limit
    after a Stop and a grace        StoppedUploading
    when the emulator goes down     JobLeft: the next emulator continues
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, is_temporary
from sagemaker_emulator.jobs.job_containers import Halt
from sagemaker_emulator.jobs.job_threads import JobFailed, JobLeft
from sagemaker_emulator.storage.disk_full import is_disk_full

POLL_S = 0.1
PAUSE_S = 0.5
PAUSE_MAX_S = 30.0

log = logging.getLogger(__name__)


class StoppedUploading(Exception):
    """A Stop ended a job whose files could not be uploaded within the grace."""


@dataclass(frozen=True)
class DelayedUploads:
    """The uploads of one job. `delayed` is called with the reason why an upload waits, once for each reason."""

    job: str
    halt: Halt
    limit_s: float
    stop_grace_s: float
    delayed: Callable[[str], None]

    def carry_out(self, upload: Callable[[], object]) -> None:
        """Call `upload` until it succeeds."""
        deadline, pause_s, told = time.monotonic() + self.limit_s, PAUSE_S, ""
        may_be_stopped = not self.halt.stop_requested.is_set()  # as on AWS, a Stop before the upload keeps the model
        while reason := self._attempt(upload):
            log.warning("%s: the upload is tried again in %g s: %s", self.job, pause_s, reason)
            if reason != told:
                told = reason
                self.delayed(f"The upload is delayed and will be tried again: {reason}")
            if self._pause(min(pause_s, deadline - time.monotonic()), may_be_stopped):
                deadline, may_be_stopped = min(deadline, time.monotonic() + self.stop_grace_s), False
            if time.monotonic() >= deadline:
                self._give_up(reason)
            pause_s = min(PAUSE_MAX_S, pause_s * 2)

    def _attempt(self, upload: Callable[[], object]) -> str:
        """Return why the upload must be tried again, or an empty text. Raises a permanent error."""
        if self.halt.abandoned.is_set():
            raise JobLeft
        try:
            upload()
        except (*AWS_ERRORS, OSError) as error:
            if is_temporary(error) or is_disk_full(error):
                return str(error)
            raise
        return ""

    def _pause(self, pause_s: float, may_be_stopped: bool) -> bool:
        """Wait; return True at once when a Stop comes."""
        ends = time.monotonic() + pause_s
        while time.monotonic() < ends:
            if self.halt.abandoned.wait(POLL_S):
                raise JobLeft
            if may_be_stopped and self.halt.stop_requested.is_set():
                return True
        return False

    def _give_up(self, reason: str) -> None:
        if self.halt.stop_requested.is_set():
            raise StoppedUploading(reason)
        raise JobFailed(f"InternalServerError: The upload was not possible within {self.limit_s:g} seconds: {reason}")
