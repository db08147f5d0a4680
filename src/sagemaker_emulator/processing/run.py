"""One processing job from its inputs to its outputs, in a thread of its own.

Each host gets a folder (its /opt/ml) with the inputs, and a container. Outputs of the mode Continuous are uploaded by a
thread of their own while the containers run, and at their end, however the job ends. Those of the mode EndOfJob are
uploaded only when the job has completed.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from safety.left_files import read_text
from sagemaker_emulator.aws_clients.log_streams import LogStream
from sagemaker_emulator.engine import ContainerSpec
from sagemaker_emulator.jobs.downloads import download
from sagemaker_emulator.jobs.hosts import OPT_ML, Host, hosts_below, resource_config
from sagemaker_emulator.jobs.input_objects import objects_of
from sagemaker_emulator.jobs.job_containers import Halt, JobContainer, Outcome, running, wait_for
from sagemaker_emulator.jobs.job_threads import ABANDONED, JobFailed
from sagemaker_emulator.jobs.resumable_run import ResumableRun, RunEnd
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.processing.metric_files import METRICS_FOLDER, metric_namespace, publish_metrics
from sagemaker_emulator.processing.outputs import ContinuousUploads, Output
from sagemaker_emulator.processing.request import ProcessingRequest
from sagemaker_emulator.resources.processing_job import ProcessingJob

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
MESSAGE_FILE = ("output", "message")
MESSAGE_MAX = 1024  # Source: DescribeProcessingJob, ExitMessage
FAILED = "AlgorithmError: See job logs for more information"

log = logging.getLogger(__name__)


class ProcessingRun(ResumableRun):
    """One run of a job. `begun` is called when the containers are about to start."""

    def __init__(
        self, job: ProcessingJob, request: ProcessingRequest, context: RunContext, begun: Callable[[], None]
    ) -> None:
        self.halt = Halt()
        super().__init__("processing", job.name, self.halt, context)
        self.job, self.request, self._begun = job, request, begun
        self._log_names: dict[str, str] = {}
        self._token = secrets.token_hex(3)  # containers of a deleted job of the same name may still exist
        self._hosts = hosts_below(self._directory, request.instance_count)
        self._outputs = [
            Output(host.base_dir, output.local_path.relative_to(OPT_ML).parts, output.prefix, output.mode)
            for output in request.outputs
            for host in self._hosts
        ]
        continuous = [output for output in self._outputs if output.mode == "Continuous"]
        self._continuous = ContinuousUploads(context.aws.s3, continuous)

    def _run_containers(self) -> RunEnd | None:
        self._context.prepare(self.request.image, self.halt, self._log_stream(self._hosts[0]))
        if self.halt.abandoned.is_set():
            raise JobFailed(ABANDONED)
        if self.halt.stop_requested.is_set():
            return None
        self._prepare()
        if self.halt.stop_requested.is_set():
            return None
        self._begun()
        outcome = self._process()
        if self.halt.abandoned.is_set():
            raise JobFailed(ABANDONED)
        return RunEnd(_failure_reason(outcome), outcome.ran_out_of_time, self._message())

    def _upload(self) -> None:
        """Upload Continuous outputs however the containers ended, EndOfJob outputs of a job that has completed."""
        was_stopped = self.halt.stop_requested.is_set()
        self._uploads.carry_out(self._continuous.finish)
        if self.end.failure_reason:
            raise JobFailed(self.end.failure_reason)
        if was_stopped or self.end.ran_out_of_time:
            return
        self._publish_metrics()
        for output in self._outputs:
            if output.mode == "EndOfJob":
                self._uploads.carry_out(partial(output.upload, self._context.aws.s3))

    def _publish_metrics(self) -> None:
        """Send the metrics that containers of a monitoring schedule left. A job goes on without CloudWatch."""
        if self.job.monitoring_schedule_arn is None:
            return
        namespace = metric_namespace(self.request.environment)
        for host in self._hosts:
            publish_metrics(self._context.aws.cloudwatch, namespace, host.base_dir)

    def _prepare(self) -> None:
        for host in self._hosts:
            for name in ("config", "output", "processing"):
                (host.base_dir / name).mkdir(parents=True, exist_ok=True)
            if self.job.monitoring_schedule_arn is not None:
                host.base_dir.joinpath(*METRICS_FOLDER).mkdir(parents=True, exist_ok=True)
            self._write_config(host)
            self._download_inputs(host)
        for output in self._outputs:
            output.directory.mkdir(parents=True, exist_ok=True)

    def _write_config(self, host: Host) -> None:
        documents = {
            "processingjobconfig": job_config(self.job),
            "resourceconfig": resource_config(host, self._hosts, self.request.instance_type),
        }
        for name, document in documents.items():
            (host.base_dir / "config" / f"{name}.json").write_text(json.dumps(document))

    def _download_inputs(self, host: Host) -> None:
        for input_ in self.request.inputs:
            objects = objects_of(self._context.aws.s3, input_.channel, host.index, len(self._hosts))
            target = host.at(input_.local_path)
            target.mkdir(parents=True, exist_ok=True)
            download(self._context.aws.s3, objects, target, self.halt.is_set)

    def _process(self) -> Outcome:
        with (
            self._continuous,
            running(partial(self._start, host) for host in self._hosts) as containers,
        ):
            return wait_for(containers, self.halt, self.request.max_runtime_s, self._context.stop_grace_s)

    def _start(self, host: Host) -> JobContainer:
        spec = ContainerSpec(
            name=self._container_name(host),
            image=self.request.image,
            command="",
            base_dir=host.base_dir,
            environment=self.request.environment,
            entrypoint=self.request.entrypoint,
            arguments=self.request.arguments,
            instance_type=self.request.instance_type,
            host=host.name,
            peers={other.name: self._container_name(other) for other in self._hosts if other is not host},
            outputs=(host.base_dir / "output", *self._output_folders(host)),
            live_outputs=self._output_folders(host, "Continuous"),
            network_isolation=self.request.network_isolation,
            role_arn=self.request.role_arn,
        )
        return JobContainer(self._context.start, spec, self._log_stream(host))

    def _log_stream(self, host: Host) -> LogStream:
        name = self._log_names.setdefault(host.name, f"{self.job.name}/{host.name}-{int(time.time())}")
        return LogStream(self._context.aws.logs, LOG_GROUP, name)

    def _container_name(self, host: Host) -> str:
        return f"{self.job.name}-{host.name}-{self._token}"

    def _output_folders(self, host: Host, *modes: str) -> tuple[Path, ...]:
        return tuple(host.at(output.local_path) for output in self.request.outputs if not modes or output.mode in modes)

    def _message(self) -> str | None:
        """Return the ExitMessage, from the first host whose program wrote one."""
        messages = (read_text(host.base_dir, MESSAGE_FILE, MESSAGE_MAX) for host in self._hosts)
        return next((message for message in messages if message), None)


def _failure_reason(outcome: Outcome) -> str | None:
    if outcome.failed is None:
        return None
    container, code = outcome.failed
    return container.failure_reason(code) if container.container.platform_fault else FAILED


def job_config(job: ProcessingJob) -> dict[str, Any]:
    """Return processingjobconfig.json: the request, with null for what it leaves out. Source: the developer guide."""
    application = {"ContainerEntrypoint": None, "ContainerArguments": None, **job.request["AppSpecification"]}
    request = {name: value for name, value in job.request.items() if name != "Tags"}
    return {"ProcessingJobArn": job.arn, **request, "AppSpecification": application}
