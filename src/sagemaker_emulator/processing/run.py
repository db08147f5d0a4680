"""One processing job from its inputs to its outputs, in a thread of its own."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, S3Location
from sagemaker_emulator.aws_clients.log_streams import LogStream
from sagemaker_emulator.engine import ContainerSpec, EngineError
from sagemaker_emulator.jobs import input_channels
from sagemaker_emulator.jobs.job_containers import Halt, JobContainer, Outcome, running, wait_for
from sagemaker_emulator.jobs.job_threads import ABANDONED, JobFailed
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.processing.outputs import ContinuousUploads, Output
from sagemaker_emulator.resources.processing_job import ProcessingJob

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
OPT_ML = PurePosixPath("/opt/ml")
PROCESSING = OPT_ML / "processing"
MAX_RUNTIME_S = 86_400
FAILED = "AlgorithmError: See job logs for more information"


@dataclass(frozen=True)
class Host:
    """One instance of the job and its /opt/ml."""

    name: str
    base_dir: Path

    def at(self, local_path: str) -> Path:
        """Where a path of the container lies on this machine."""
        return self.base_dir / PurePosixPath(local_path).relative_to(OPT_ML)


class ProcessingRun:
    """`begun` is called when the containers are about to start."""

    def __init__(self, job: ProcessingJob, context: RunContext, begun: Callable[[], None]) -> None:
        self.job, self.request, self._context, self._begun = job, job.request, context, begun
        self.halt = Halt()
        self.ran_out_of_time = False
        self.exit_message: str | None = None
        self._token = secrets.token_hex(3)  # of a deleted job of this name something may still be about
        self._directory = context.directory / job.name
        count = self.request["ProcessingResources"]["ClusterConfig"]["InstanceCount"]
        self._hosts = [Host(f"algo-{number}", self._directory / f"algo-{number}") for number in range(1, count + 1)]
        wires = self.request.get("ProcessingOutputConfig", {}).get("Outputs", ())
        self._outputs = [
            Output(host.at(wire["S3Output"]["LocalPath"]), S3Location.parse(wire["S3Output"]["S3Uri"]), mode)
            for wire in wires
            for host in self._hosts
            for mode in (wire["S3Output"]["S3UploadMode"],)
        ]

    def run(self) -> None:
        """The whole job. JobFailed with AWS's FailureReason; a stopped job returns like a completed one."""
        try:
            self._prepare()
            if self.halt.stop_requested.is_set():
                return
            self._begun()
            outcome = self._process()
            self.exit_message = self._message()
            self._judge(outcome)
        except (input_channels.InputError, EngineError) as error:
            raise JobFailed(f"ClientError: {error}") from error
        except AWS_ERRORS as error:
            raise JobFailed(f"ClientError: S3 did not do what the job needs: {error}") from error
        finally:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _prepare(self) -> None:
        for index, host in enumerate(self._hosts):
            for name in ("config", "output", "processing"):
                (host.base_dir / name).mkdir(parents=True, exist_ok=True)
            self._write_config(host)
            for wire in self.request.get("ProcessingInputs", ()):
                found = input_channels.objects_of(self._context.aws.s3, channel_of(wire), index, len(self._hosts))
                target = host.at(wire["S3Input"]["LocalPath"])
                target.mkdir(parents=True, exist_ok=True)
                input_channels.download(self._context.aws.s3, found, target, self.halt.is_set)
        for output in self._outputs:
            output.directory.mkdir(parents=True, exist_ok=True)

    def _write_config(self, host: Host) -> None:
        resources = {
            "current_host": host.name,
            "current_instance_type": self.request["ProcessingResources"]["ClusterConfig"].get("InstanceType"),
            "hosts": [other.name for other in self._hosts],
            "network_interface_name": "eth0",
        }
        documents = {"processingjobconfig": _job_config(self.job), "resourceconfig": resources}
        for name, document in documents.items():
            (host.base_dir / "config" / f"{name}.json").write_text(json.dumps(document))

    def _process(self) -> Outcome:
        limit_s = self.request["StoppingCondition"]["MaxRuntimeInSeconds"]
        continuous = [output for output in self._outputs if output.mode == "Continuous"]
        with (
            ContinuousUploads(self._context.aws.s3, continuous),
            running(partial(self._start, host) for host in self._hosts) as runs,
        ):
            return wait_for(runs, self.halt, limit_s, self._context.stop_grace_s)

    def _start(self, host: Host) -> JobContainer:
        application = self.request["AppSpecification"]
        spec = ContainerSpec(
            name=self._container_name(host),
            image=application["ImageUri"],
            command="",
            base_dir=host.base_dir,
            environment=self.request.get("Environment", {}),
            entrypoint=tuple(application.get("ContainerEntrypoint", ())),
            arguments=tuple(application.get("ContainerArguments", ())),
            instance_type=self.request["ProcessingResources"]["ClusterConfig"]["InstanceType"],
            host=host.name,
            peers={other.name: self._container_name(other) for other in self._hosts if other is not host},
            outputs=(host.base_dir / "output", *self._output_folders(host)),
            live_outputs=self._output_folders(host, "Continuous"),
        )
        stream = LogStream(self._context.aws.logs, LOG_GROUP, f"{self.job.name}/{host.name}-{int(time.time())}")
        return JobContainer(self._context.engine.start, spec, stream)

    def _container_name(self, host: Host) -> str:
        return f"{self.job.name}-{host.name}-{self._token}"

    def _output_folders(self, host: Host, *modes: str) -> tuple[Path, ...]:
        return tuple(
            output.directory
            for output in self._outputs
            if output.directory.is_relative_to(host.base_dir) and (not modes or output.mode in modes)
        )

    def _message(self) -> str | None:
        """What a program wrote for ExitMessage: the first host's that wrote one."""
        files = (host.base_dir / "output" / "message" for host in self._hosts)
        return next((file.read_text(errors="replace") for file in files if file.is_file()), None)

    def _judge(self, outcome: Outcome) -> None:
        """What is uploaded at the end of the job is so only when the job has done its work."""
        if self.halt.abandoned.is_set():
            raise JobFailed(ABANDONED)
        if outcome.failed:
            raise JobFailed(FAILED)
        self.ran_out_of_time = outcome.ran_out_of_time
        if self.halt.stop_requested.is_set() or self.ran_out_of_time:
            return
        for output in self._outputs:
            if output.mode == "EndOfJob":
                output.upload(self._context.aws.s3)


def channel_of(wire: dict[str, Any]) -> input_channels.Channel:
    """A ProcessingInput in the words of training's channels."""
    return input_channels.Channel.from_request(
        {"ChannelName": wire["InputName"], "DataSource": {"S3DataSource": wire["S3Input"]}}, "File"
    )


def _job_config(job: ProcessingJob) -> dict[str, Any]:
    """processingjobconfig.json: the request, with null for what it does not say. Source: the developer guide."""
    application = {"ContainerEntrypoint": None, "ContainerArguments": None, **job.request["AppSpecification"]}
    said = {name: value for name, value in job.request.items() if name != "Tags"}
    return {"ProcessingJobArn": job.arn, **said, "AppSpecification": application}
