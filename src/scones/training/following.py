"""Follow a training job's status and log to its end."""

import re
from pathlib import Path

from scones import output_folder
from scones.console import Meter
from scones.context import Context
from scones.errors import TrainingError
from scones.logs import TRAINING_JOBS, LogReader
from scones.polling import poll
from scones.training.kept_epoch import kept_epoch
from scones.training.training_job import ENDED, TrainingJob, describe

MAX_RUN_S = 3600
STARTING_S = 900
TIMEOUT_S = MAX_RUN_S + STARTING_S
# CloudWatch shows the last lines of a log a moment after the job has ended.
LOG_DELAY_S = 5
EPOCH = re.compile(r"Epoch\[(\d+)\] (Validation-accuracy|Train-accuracy)=([0-9.]+)")


def show_progress(line: str, job: TrainingJob, meter: Meter) -> None:
    """Show the epoch and the accuracy in a line of the log, if it has them."""
    if match := EPOCH.search(line):
        epoch, metric, value = int(match[1]) + 1, match[2].split("-")[0].lower(), float(match[3])
        of_all = f" of {job.epochs}" if job.epochs else ""
        meter.update(f"epoch {epoch}{of_all}, {metric} accuracy {value:.3f}", completed=epoch, total=job.epochs)


def completed(context: Context, name: str) -> TrainingJob:
    """Follow a job to its end, and write its log into the folder of results.

    Raises:
        TrainingError: the job did not complete; has the end of its log.
    """
    reader = LogReader(context.client("logs"), TRAINING_JOBS, f"{name}/")
    stop_command = f"aws sagemaker stop-training-job --training-job-name {name}"
    with context.sagemaker.keeps_running(f"training job {name} ({stop_command})"):
        job = _follow(context, name, reader)
    _read_end_of_log(reader)
    log = context.settings.out / "training.log"
    output_folder.write_whole(log, "".join(f"{line}\n" for line in reader.lines))
    _require_completed(job, reader, log)
    kept = kept_epoch(reader.lines)
    suffix = f", validation accuracy {kept}" if kept else ""
    context.console.done(f"Training job {name} is Completed in {job.seconds or 0:.0f} s{suffix}")
    return job


def _follow(context: Context, name: str, reader: LogReader) -> TrainingJob:
    status = ""
    with context.console.meter("Training") as meter:
        for waited_s in poll(TIMEOUT_S):
            job = describe(context.client("sagemaker"), name)
            if job is None:
                raise TrainingError(f"training job {name} was deleted while it was being followed")
            if job.secondary_status != status:
                context.console.say(f"{waited_s:5.0f} s  {job.secondary_status}")
                status = job.secondary_status
            for line in reader.read():
                show_progress(line, job, meter)
            if job.status in ENDED:
                return job
    raise TrainingError(f"{name} was still {status} after {TIMEOUT_S} s; its log ends\n{reader.tail()}")


def _read_end_of_log(reader: LogReader) -> None:
    for _ in poll(LOG_DELAY_S):
        if not reader.read() and reader.lines:
            return


def _require_completed(job: TrainingJob, reader: LogReader, log: Path) -> None:
    if job.status != "Completed":
        raise TrainingError(
            f"training job {job.name} is {job.status}: {job.failure_reason or 'no reason given'}\n"
            f"  its log ends\n{reader.tail()}\n"
            f"  whole log: {log}; `scones train` tries again under a new name"
        )
