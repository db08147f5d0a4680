"""SageMaker as one account has it in one region: builds the services, starts and closes them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from sagemaker_emulator.aws_clients.clients import AwsClients
from sagemaker_emulator.aws_clients.execution_roles import RoleCheck
from sagemaker_emulator.engine import Engine
from sagemaker_emulator.engine.docker.instance_types import InstanceType
from sagemaker_emulator.events.publisher import EventPublisher
from sagemaker_emulator.events.state_changes import StateChangeEvents
from sagemaker_emulator.experiments.service import Tracking
from sagemaker_emulator.hosting.components.collection import InferenceComponents
from sagemaker_emulator.hosting.endpoint_configs import EndpointConfigs
from sagemaker_emulator.hosting.endpoint_records import EndpointRecords
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.hosting.launcher import HostingContext
from sagemaker_emulator.hosting.local_mode import LocalMode
from sagemaker_emulator.hosting.models import Models
from sagemaker_emulator.invocation.asynchronous.queue import AsyncInvocations
from sagemaker_emulator.invocation.asynchronous.runner import AsyncRunner
from sagemaker_emulator.invocation.container_http import Connections
from sagemaker_emulator.invocation.data_capture import CaptureWriter
from sagemaker_emulator.invocation.invoke_endpoint import Invocations
from sagemaker_emulator.invocation.metrics import InvocationMetrics
from sagemaker_emulator.invocation.multi_model.multi_models import MultiModels
from sagemaker_emulator.invocation.response_streams import ResponseStreams
from sagemaker_emulator.invocation.routing import Router
from sagemaker_emulator.invocation.rows import ContainerRows
from sagemaker_emulator.invocation.sessions import Sessions
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.lineage.service import Lineage
from sagemaker_emulator.monitoring.service import Monitoring
from sagemaker_emulator.pipelines.actions import Services, actions_over
from sagemaker_emulator.pipelines.executions import PipelineExecutions
from sagemaker_emulator.pipelines.pipelines import Pipelines
from sagemaker_emulator.processing.jobs import ProcessingJobs
from sagemaker_emulator.registry.model_packages import ModelPackageGroups, ModelPackages
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.scope import Scope
from sagemaker_emulator.scaling.service import Scaling
from sagemaker_emulator.search.records import Records
from sagemaker_emulator.search.search import Search
from sagemaker_emulator.settings import Settings
from sagemaker_emulator.storage.set_aside import SetAside
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.storage.tags import Tags
from sagemaker_emulator.training.jobs import TrainingJobs
from sagemaker_emulator.transform.jobs import TransformJobs
from sagemaker_emulator.tuning.jobs import TuningJobs


class SageMaker:
    """The resources of the account and region in the settings, over their state directory.

    The AWS services are called with `access_key`, or with the keys of boto3's own variables if it is None. `clock`
    returns the epoch seconds by which monitoring schedules are due.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        access_key: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings, self.engine = settings, engine
        scope = Scope(settings.account_id, settings.region)
        role_check = RoleCheck(settings.role_check, settings.placeholder_roles)
        aws, arns = AwsClients(scope, access_key, role_check), Arns(settings.region, settings.account_id)
        damaged = SetAside(settings.state_dir)
        self.store = Store(settings.state_dir / "sagemaker.sqlite3")
        self.capture = CaptureWriter(
            aws, settings.state_dir / "capture", damaged, settings.capture_file_s, settings.capture_idle_s
        )
        self.metrics = InvocationMetrics(aws, settings.metrics_period_s)
        hosting = HostingContext(
            aws,
            engine,
            settings.state_dir / "endpoints",
            settings.endpoint_start_timeout_s,
            settings.serving_stop_grace_s,
            serverless_idle_s=settings.serverless_idle_s,
        )
        self.tracking, self.lineage = Tracking(self.store, arns), Lineage(self.store, arns)
        self.training_jobs = TrainingJobs(self.store, arns, self._context(aws, "training"))
        self.tuning_jobs = TuningJobs(self.store, arns, self.training_jobs)
        self.model_package_groups = ModelPackageGroups(self.store, arns)
        self.model_packages = ModelPackages(self.store, arns, self.model_package_groups)
        self.processing_jobs = ProcessingJobs(self.store, arns, self._context(aws, "processing"))
        self.models = Models(self.store, arns, aws, engine, self.model_packages)
        self.transform_jobs = TransformJobs(self.store, arns, self._context(aws, "transform", serves=True), self.models)
        self.endpoint_configs = EndpointConfigs(self.store, arns, self.models, aws.execution_roles)
        self.local_mode = LocalMode(hosting, settings.docker_network)
        self.inference_components = InferenceComponents(
            self.store, arns, hosting, self.models, EndpointRecords(self.store, arns)
        )
        self.endpoints = Endpoints(
            self.store, arns, hosting, self.endpoint_configs, self.models, self.local_mode, self.inference_components
        )
        self.router = Router(self._container_rows(aws))
        hosted, sessions = (self.endpoints, self.router), Sessions()
        self.invocations = Invocations(*hosted, self.capture, self.metrics, sessions, settings.invocation_timeout_s)
        self.response_streams = ResponseStreams(*hosted, self.metrics, sessions, settings.invocation_timeout_s)
        runner = AsyncRunner(*hosted, aws, self.metrics, self.capture, settings.region)
        self.async_invocations = AsyncInvocations(self.store, self.endpoints, runner, settings.state_dir / "async")
        self.monitoring = Monitoring(
            self.store, arns, aws, self.processing_jobs, self.endpoints, clock, settings.monitoring_delay_s
        )
        self.scaling = Scaling(
            self.store,
            arns,
            aws,
            self.endpoints,
            self.inference_components,
            self.metrics.invocations,
            settings.scaling_minute_s,
            clock,
        )
        self.pipelines = Pipelines(self.store, arns, aws)
        actions = actions_over(self._services(), aws)
        self.pipeline_executions = PipelineExecutions(self.store, arns, aws, self.pipelines, actions)
        self.search = Search(
            Records(self.store, self.tracking, self.endpoints, self.tuning_jobs, self.pipeline_executions)
        )
        self.tags = Tags(self.store)
        events = StateChangeEvents(self.store, self.endpoints, self.tuning_jobs)
        self.events = EventPublisher(aws, self.store.changes, events)

    def _container_rows(self, aws: AwsClients) -> ContainerRows:
        connections = Connections()
        types = {name: InstanceType.from_settings(one) for name, one in self.settings.instance_types.items()}
        return ContainerRows(connections, MultiModels(connections, lambda: aws.s3, self.metrics, types))

    def _services(self) -> Services:
        """Return the services that the steps of pipelines use."""
        return Services(
            self.training_jobs,
            self.processing_jobs,
            self.transform_jobs,
            self.tuning_jobs,
            self.models,
            self.model_packages,
            self.model_package_groups,
            self.tracking,
        )

    def _context(self, aws: AwsClients, folder: str, serves: bool = False) -> RunContext:
        settings = self.settings
        grace_s = settings.serving_stop_grace_s if serves else settings.stop_grace_s
        return RunContext(
            aws,
            self.engine,
            settings.state_dir / folder,
            settings.endpoint_start_timeout_s,
            grace_s,
            settings.upload_retry_s,
        )

    def find_again(self) -> list[Path]:
        """Before `start`, return the /opt/ml of containers that outlived an earlier emulator and run on."""
        return self.training_jobs.find_again()

    def start(self) -> None:
        """Take up the work of an earlier emulator."""
        self.events.start()
        self.capture.start()
        self.training_jobs.recover()
        self.tuning_jobs.recover()
        self.processing_jobs.recover()
        self.transform_jobs.recover()
        self.pipeline_executions.recover()
        self.endpoints.recover()
        self.inference_components.recover()
        self.monitoring.recover()
        self.scaling.recover()
        if self.settings.local_mode:
            self.local_mode.start()

    def close(self) -> None:
        self.pipeline_executions.close()
        self.monitoring.close()
        self.scaling.close()
        self.tuning_jobs.close()
        self.training_jobs.close()
        self.processing_jobs.close()
        self.transform_jobs.close()
        self.local_mode.close()
        self.endpoints.close()
        self.inference_components.close()
        self.capture.close()
        self.metrics.close()
        self.events.close()
        self.store.close()
