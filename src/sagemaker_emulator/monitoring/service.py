"""Model Monitor of one account and region: build its collections and its scheduler, start and close them."""

from __future__ import annotations

from collections.abc import Callable

from sagemaker_emulator.aws_clients.clients import AwsClients
from sagemaker_emulator.monitoring.definitions import JobDefinitions
from sagemaker_emulator.monitoring.executions import MonitoringExecutions
from sagemaker_emulator.monitoring.job import MonitoringJob
from sagemaker_emulator.monitoring.run import Endpoints, ExecutionContext, Processing
from sagemaker_emulator.monitoring.scheduler import Scheduler
from sagemaker_emulator.monitoring.schedules import MonitoringSchedules, ScheduleContext
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.monitoring.execution import MonitoringExecution
from sagemaker_emulator.resources.monitoring.job_definition import MonitoringType
from sagemaker_emulator.storage.store import Store


class Monitoring:
    """`clock` returns epoch seconds; an execution starts `delay_s` after the time that its schedule names."""

    def __init__(
        self,
        store: Store,
        arns: Arns,
        aws: AwsClients,
        processing: Processing,
        endpoints: Endpoints,
        clock: Callable[[], float],
        delay_s: float,
    ) -> None:
        roles = aws.execution_roles
        self.definitions = {type_: JobDefinitions(store, arns, type_, roles) for type_ in MonitoringType}
        self.scheduler = Scheduler(clock, delay_s)
        context = ExecutionContext(aws, arns.region, processing, endpoints, self._job_of_execution)
        self.executions = MonitoringExecutions(store, arns, context, clock)
        changed = self.scheduler.wake
        self.schedules = MonitoringSchedules(
            store, arns, self.executions, ScheduleContext(self._job_of, roles, endpoints, clock, changed)
        )

    def recover(self) -> None:
        """Continue the executions and schedules of an earlier emulator. Processing jobs must be recovered first."""
        self.executions.recover()
        self.scheduler.start(self.schedules)

    def close(self) -> None:
        """End the threads. Close processing jobs later: an execution must not see the jobs that their closing fails."""
        self.scheduler.close()
        self.executions.close()

    def _job_of(self, type_: MonitoringType, name: str) -> MonitoringJob:
        return self.definitions[type_].job(name)

    def _job_of_execution(self, execution: MonitoringExecution) -> MonitoringJob:
        type_ = MonitoringType(execution.monitoring_type)
        if execution.definition_name is not None:
            return self._job_of(type_, execution.definition_name)
        return MonitoringJob.from_schedule(type_, execution.config["MonitoringJobDefinition"])
