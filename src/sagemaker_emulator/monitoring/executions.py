"""Executions: started when a schedule fires, listed, ended, and continued after a restart."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

from sagemaker_emulator.errors import resource_not_found
from sagemaker_emulator.jobs.job_threads import JobThreads
from sagemaker_emulator.monitoring.run import ExecutionContext, MonitoringRun
from sagemaker_emulator.monitoring.windows import Window
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.monitoring.alert import AlertTransition
from sagemaker_emulator.resources.monitoring.execution import ExecutionStatus, MonitoringExecution
from sagemaker_emulator.resources.monitoring.schedule import MonitoringSchedule
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.disk_full import when_there_is_room
from sagemaker_emulator.storage.listing import Page, in_json, json_field, named_filters, page
from sagemaker_emulator.storage.store import NotFound, Store
from sagemaker_emulator.wire import AwsError

FILTERS = {
    "MonitoringScheduleName": "$.schedule_name",
    "EndpointName": "$.endpoint_name",
    "MonitoringJobDefinitionName": "$.definition_name",
    "MonitoringTypeEquals": "$.monitoring_type",
}
RUNNING_MAX = 10  # how many executions under way, which do not count for the alert, are read in addition
TIMES = {
    "ScheduledTimeAfter": f"{json_field('$.scheduled')} > ?",
    "ScheduledTimeBefore": f"{json_field('$.scheduled')} < ?",
}


class MonitoringExecutions(Collection[MonitoringExecution]):
    """The executions of all schedules. Those of a deleted schedule stay, as on AWS."""

    def __init__(self, store: Store, arns: Arns, context: ExecutionContext, clock: Callable[[], float]) -> None:
        super().__init__(store, arns, MonitoringExecution)
        self._context, self._clock = context, clock
        self._threads = JobThreads("monitoring execution")

    def missing(self, name: str) -> AwsError:
        return resource_not_found(f"Could not find the monitoring execution {name}")

    def existing(self, name: str, arn: str) -> AwsError:
        raise AssertionError(f"the name of the monitoring execution {arn} is random, so it cannot be taken")

    def page(self, request: dict[str, Any]) -> Page:
        filters = named_filters(FILTERS, request)
        filters += [(sql, (request[name],)) for name, sql in TIMES.items() if name in request]
        return page(self._store, MonitoringExecution, request, filters=filters)

    def latest(self, schedule: MonitoringSchedule, most: int = 1) -> list[MonitoringExecution]:
        """Return the last executions of a schedule, the newest first, but none of a deleted schedule of that name."""
        sql, parameters = in_json("$.schedule_name", schedule.name)
        where = f"{sql} AND created >= ?"
        return self._store.select(MonitoringExecution, where, (*parameters, schedule.created), "created DESC", most)

    def prepare(self, schedule: MonitoringSchedule, scheduled: float, window: Window) -> str:
        """Store a new execution, inside the transaction in which the schedule fires, and return its name.

        `begin` starts it after the commit.
        """
        now, name = self._clock(), f"{schedule.name}/{secrets.token_hex(6)}"
        execution = MonitoringExecution(
            name=name,
            arn=self.arn_of(name),
            schedule_name=schedule.name,
            started_by=schedule.arn,
            config=schedule.config,
            monitoring_type=schedule.monitoring_type,
            endpoint_name=schedule.endpoint_name,
            definition_name=schedule.definition_name,
            scheduled=scheduled,
            window_start=window.start,
            window_end=window.end,
            created=now,
            modified=now,
        )
        self._add(execution, {})
        return name

    def begin(self, name: str) -> None:
        """Start the thread of an execution that is in the store."""
        run = MonitoringRun(self.get(name), self._context, partial(self._running, name))
        self._threads.start(name, run, partial(self._finished, run))

    def recover(self) -> None:
        """Continue the executions that are not over, after a restart in which processing jobs were recovered first."""
        for execution in self._store.all(MonitoringExecution):
            if not execution.is_over:
                self.begin(execution.name)

    def close(self) -> None:
        """End the threads. The executions stay as they are, so that `recover` can continue them."""
        self._threads.close()

    def _running(self, name: str, processing_job_arn: str) -> None:
        when_there_is_room(
            lambda: self._change(name, lambda one: one.running(processing_job_arn, self._clock())),
            lambda: self._threads.is_abandoned(name),
        )

    def _finished(self, run: MonitoringRun, failure_reason: str | None) -> None:
        if run.halt.abandoned.is_set():
            return
        status = ExecutionStatus.FAILED if failure_reason is not None else run.status
        name, now = run.execution.name, self._clock()
        with self._store.transaction():
            execution = self._change(name, lambda one: one.moved_to(status, now, failure_reason))
            self._evaluate_alert(execution, now)

    def _evaluate_alert(self, execution: MonitoringExecution, now: float) -> None:
        """Evaluate the alert of the schedule with the execution's schedule name, if there still is one."""
        try:
            schedule = self._store.get(MonitoringSchedule, execution.schedule_name)
        except NotFound:
            return
        recent = self.latest(schedule, schedule.alert.evaluation_period + RUNNING_MAX)
        alert = schedule.alert.evaluated([one.status for one in recent if one.is_over], now)
        if alert is schedule.alert:
            return
        self._store.change(MonitoringSchedule, schedule.name, lambda one: one.alerting(alert))
        name = f"{schedule.name}/{secrets.token_hex(6)}"
        arn = self._arns.of(AlertTransition.kind, name)
        self._store.add(AlertTransition(name, arn, schedule.name, alert.name, alert.status, now))
