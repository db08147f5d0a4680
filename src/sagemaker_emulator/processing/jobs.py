"""Processing jobs: created, described, listed, stopped; each runs in its own thread."""

from __future__ import annotations

import time
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.errors import validation
from sagemaker_emulator.jobs import input_channels
from sagemaker_emulator.jobs.job_collection import JobCollection, final_status
from sagemaker_emulator.jobs.quotas import require_quota
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.processing.run import MAX_RUNTIME_S, PROCESSING, ProcessingRun, channel_of
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.job import JobStatus
from sagemaker_emulator.resources.processing_job import ProcessingJob
from sagemaker_emulator.storage.store import Store


class ProcessingJobs(JobCollection[ProcessingJob]):
    def __init__(self, store: Store, arns: Arns, context: RunContext) -> None:
        super().__init__(store, arns, ProcessingJob, context.directory)
        self._context = context

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> ProcessingJob:
        name, now, request = request["ProcessingJobName"], time.time(), with_defaults(request)
        job = ProcessingJob(name, self.arn_of(name), request, created=now, modified=now)
        self._refuse_what_cannot_run(request)
        run = ProcessingRun(job, self._context, partial(self._begun, name))
        return self._start(job, tags, run, partial(self._finished, run))

    def _finished(self, run: ProcessingRun, failure_reason: str | None) -> None:
        status = final_status(run, failure_reason)
        if status is JobStatus.COMPLETED and run.ran_out_of_time:
            status = JobStatus.STOPPED

        def finished(job: ProcessingJob) -> ProcessingJob:
            return job.with_exit_message(run.exit_message).moved_to(status, time.time(), failure_reason)

        self._change(run.job.name, finished)

    def _refuse_what_cannot_run(self, request: dict[str, Any]) -> None:
        cluster = request["ProcessingResources"]["ClusterConfig"]
        if not {"InstanceCount", "InstanceType"} <= set(cluster):
            raise validation("ClusterConfig needs InstanceType and InstanceCount: InstancePreferences is not emulated.")
        require_quota(cluster["InstanceType"], cluster["InstanceCount"], "processing job")
        for output in request.get("ProcessingOutputConfig", {}).get("Outputs", ()):
            _refuse_output(output)
        for wire in request.get("ProcessingInputs", ()):
            _refuse_input(wire)
        try:
            self._context.engine.check(request["AppSpecification"]["ImageUri"])
            for wire in request.get("ProcessingInputs", ()):
                input_channels.require_objects(self._context.aws.s3, channel_of(wire))
        except (EngineError, input_channels.InputError, ValueError) as error:
            raise validation(str(error)) from error


def with_defaults(request: dict[str, Any]) -> dict[str, Any]:
    """The request as AWS reads it, and Describe repeats it."""
    said = {"StoppingCondition": {"MaxRuntimeInSeconds": MAX_RUNTIME_S}, **request}
    if wires := request.get("ProcessingInputs"):
        said["ProcessingInputs"] = [_input_with_defaults(wire) for wire in wires]
    if config := request.get("ProcessingOutputConfig"):
        outputs = [{"AppManaged": False, **wire} for wire in config["Outputs"]]
        said["ProcessingOutputConfig"] = {**config, "Outputs": outputs}
    return said


def _input_with_defaults(wire: dict[str, Any]) -> dict[str, Any]:
    if "S3Input" not in wire:
        return wire
    defaults = {"S3InputMode": "File", "S3DataDistributionType": "FullyReplicated", "S3CompressionType": "None"}
    return {"AppManaged": False, **wire, "S3Input": {**defaults, **wire["S3Input"]}}


def _refuse_input(wire: dict[str, Any]) -> None:
    where = f"ProcessingInputs {wire['InputName']!r}"
    if "S3Input" not in wire:
        raise validation(f"{where}: S3Input is required: DatasetDefinition is not emulated.")
    if wire.get("AppManaged"):
        raise validation(f"{where}: AppManaged inputs are not emulated.")
    if wire["S3Input"]["S3InputMode"] != "File":
        raise validation(f"{where}: S3InputMode Pipe is not emulated; use File.")
    if wire["S3Input"]["S3CompressionType"] != "None":
        raise validation(f"{where}: S3CompressionType Gzip is for S3InputMode Pipe, which is not emulated.")
    _refuse_path(where, wire["S3Input"])


def _refuse_output(wire: dict[str, Any]) -> None:
    where = f"ProcessingOutputConfig {wire['OutputName']!r}"
    if "S3Output" not in wire:
        raise validation(f"{where}: S3Output is required: FeatureStoreOutput is not emulated.")
    if wire.get("AppManaged"):
        raise validation(f"{where}: AppManaged outputs are not emulated.")
    _refuse_path(where, wire["S3Output"])
    try:
        S3Location.parse(wire["S3Output"]["S3Uri"])
    except ValueError as error:
        raise validation(f"{where}: {error}") from error


def _refuse_path(where: str, wire: dict[str, Any]) -> None:
    given = wire.get("LocalPath", "")
    path = PurePosixPath(given)
    if not path.is_relative_to(PROCESSING) or path == PROCESSING or ".." in path.parts:
        raise validation(f"{where}: LocalPath must be a path below {PROCESSING}, not {given!r}.")
