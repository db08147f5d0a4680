"""Schedules: created, listed, updated, started, stopped, deleted, and fired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sagemaker_emulator.aws_clients.execution_roles import ExecutionRoles
from sagemaker_emulator.errors import resource_in_use, resource_not_found, validation
from sagemaker_emulator.monitoring.executions import MonitoringExecutions
from sagemaker_emulator.monitoring.job import MonitoringJob
from sagemaker_emulator.monitoring.requests import ScheduleRequest, require_runnable
from sagemaker_emulator.monitoring.run import Endpoints
from sagemaker_emulator.monitoring.schedule_expressions import NOW, Recurrence
from sagemaker_emulator.monitoring.windows import Offsets
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.monitoring.alert import AlertTransition, MonitoringAlert
from sagemaker_emulator.resources.monitoring.job_definition import MonitoringType
from sagemaker_emulator.resources.monitoring.schedule import MonitoringSchedule, ScheduleStatus
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.listing import Filter, Page, in_json, named_filters, page
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError

FILTERS = {
    "EndpointName": "$.endpoint_name",
    "MonitoringJobDefinitionName": "$.definition_name",
    "MonitoringTypeEquals": "$.monitoring_type",
}
HISTORY_MAX = 100


@dataclass(frozen=True)
class ScheduleContext:
    """The surroundings of schedules: a definition's job by type and name, roles, endpoints, and the time.

    `changed` wakes the scheduler.
    """

    job_of: Callable[[MonitoringType, str], MonitoringJob]
    roles: ExecutionRoles
    endpoints: Endpoints
    clock: Callable[[], float]
    changed: Callable[[], None]


class MonitoringSchedules(Collection[MonitoringSchedule]):
    def __init__(self, store: Store, arns: Arns, executions: MonitoringExecutions, context: ScheduleContext) -> None:
        super().__init__(store, arns, MonitoringSchedule)
        self._executions, self._context, self._region = executions, context, arns.region

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> MonitoringSchedule:
        now, name = self._context.clock(), request["MonitoringScheduleName"]
        parsed = self._parsed(request["MonitoringScheduleConfig"], now)
        schedule = MonitoringSchedule(
            name=name,
            arn=self.arn_of(name),
            created=now,
            modified=now,
            alert=MonitoringAlert(now, now),
            next_due=parsed.first_due(now),
            **_members(parsed),
        )
        self._add(schedule, tags)
        self._context.changed()
        return schedule

    def update(self, request: dict[str, Any]) -> MonitoringSchedule:
        """Replace the configuration. A stopped schedule stays stopped."""
        now = self._context.clock()
        parsed = self._parsed(request["MonitoringScheduleConfig"], now)

        def updated(schedule: MonitoringSchedule) -> MonitoringSchedule:
            changed = replace(schedule, modified=now, **_members(parsed))
            if schedule.is_stopped:
                return changed
            return replace(changed, status=ScheduleStatus.PENDING, next_due=parsed.first_due(now))

        schedule = self._change(request["MonitoringScheduleName"], updated)
        self._context.changed()
        return schedule

    def start(self, name: str) -> None:
        """Resume a stopped schedule; NOW runs once more. A schedule that is not stopped stays as it is."""
        now = self._context.clock()

        def started(schedule: MonitoringSchedule) -> MonitoringSchedule:
            recurrence = recurrence_of(schedule)
            due = recurrence.due_after(now) if recurrence else now
            return schedule.started(due, now) if schedule.is_stopped else schedule

        self._change(name, started)
        self._context.changed()

    def stop(self, name: str) -> None:
        """Stop a schedule. An execution that is under way goes on."""
        now = self._context.clock()
        self._change(name, lambda schedule: schedule if schedule.is_stopped else schedule.stopped(now))

    def delete(self, name: str) -> None:
        """Remove a schedule and its alert's history. The history of its executions stays, as on AWS."""
        with self._store.transaction():
            schedule = self.get(name)
            self._store.remove(MonitoringSchedule, schedule.name)
            sql, parameters = in_json("$.schedule_name", schedule.name)
            while transitions := self._store.select(AlertTransition, sql, parameters, "name", HISTORY_MAX):
                for transition in transitions:
                    self._store.remove(AlertTransition, transition.name)

    def missing(self, name: str) -> AwsError:
        return resource_not_found(f"Monitoring schedule {self.arn_of(name)} not found")

    def existing(self, name: str, arn: str) -> AwsError:
        return resource_in_use(f"A monitoring schedule with this name already exists ({arn})")

    def page(self, request: dict[str, Any]) -> Page:
        filters = named_filters(FILTERS, request)
        return page(self._store, MonitoringSchedule, request, filters=filters)

    def active(self) -> list[MonitoringSchedule]:
        """Return the schedules that are Pending, and those that have a next time."""
        schedules = self._store.all(MonitoringSchedule)
        return [one for one in schedules if one.status is ScheduleStatus.PENDING or one.next_due is not None]

    def accept(self, name: str) -> None:
        self._change(name, MonitoringSchedule.accepted)

    def fire(self, name: str, now: float) -> None:
        """Begin an execution of a schedule that is due. If several times were missed, it is for the latest of them."""
        with self._store.transaction():
            schedule = self.get(name)
            if schedule.next_due is None or schedule.next_due > now:
                return  # it was stopped or updated meanwhile
            recurrence = recurrence_of(schedule)
            scheduled = max(schedule.next_due, recurrence.latest_due(now)) if recurrence else schedule.next_due
            following = recurrence.due_after(scheduled) if recurrence else None
            self._change(name, lambda one: replace(one, next_due=following))
            window = self._offsets(schedule).window(scheduled, recurrence)
            execution = self._executions.prepare(schedule, scheduled, window)
        self._executions.begin(execution)

    def update_alert(self, request: dict[str, Any]) -> MonitoringSchedule:
        """Change when a schedule's alert is raised. The next execution evaluates it."""

        def updated(schedule: MonitoringSchedule) -> MonitoringSchedule:
            self._require_alert(schedule, request["MonitoringAlertName"])
            if request["DatapointsToAlert"] > request["EvaluationPeriod"]:
                raise validation("DatapointsToAlert must not be greater than EvaluationPeriod.")
            alert = replace(
                schedule.alert,
                modified=self._context.clock(),
                datapoints_to_alert=request["DatapointsToAlert"],
                evaluation_period=request["EvaluationPeriod"],
            )
            return schedule.alerting(alert)

        return self._change(request["MonitoringScheduleName"], updated)

    def alert_history(self, request: dict[str, Any]) -> Page:
        """Return a page of alert transitions. Raises ResourceNotFound for an unknown schedule or alert."""
        filters: list[Filter] = []
        if "MonitoringScheduleName" in request:
            schedule = self.get(request["MonitoringScheduleName"])
            filters.append(in_json("$.schedule_name", schedule.name))
            if "MonitoringAlertName" in request:
                self._require_alert(schedule, request["MonitoringAlertName"])
        if "MonitoringAlertName" in request:
            filters.append(in_json("$.alert_name", request["MonitoringAlertName"]))
        return page(self._store, AlertTransition, {"MaxResults": HISTORY_MAX, **request}, filters=filters)

    def _require_alert(self, schedule: MonitoringSchedule, name: str) -> None:
        if name != schedule.alert.name:
            raise resource_not_found(
                f"Could not find the alert {name} of the monitoring schedule {schedule.name}; its alert is named "
                f"{schedule.alert.name}"
            )

    def _parsed(self, config: dict[str, Any], now: float) -> ScheduleRequest:
        request = ScheduleRequest.parse(config, self._context.job_of, now)
        require_runnable(request.job, self._region, self._context.roles)
        if endpoint := request.job.endpoint_name:
            monitored = self._context.endpoints.get(endpoint)
            capture = monitored.revision.data_capture
            if capture is None or not capture.enabled:
                raise validation(f"Data capture is not enabled for the endpoint {endpoint}.")
            return replace(request, job=request.job.of_endpoint(monitored.name))
        return request

    def _offsets(self, schedule: MonitoringSchedule) -> Offsets:
        """Return the offsets of a schedule, or none if its definition was deleted: the execution will fail anyway."""
        try:
            request = ScheduleRequest.parse(schedule.config, self._context.job_of, schedule.created)
        except AwsError:
            return Offsets()
        return request.offsets


def recurrence_of(schedule: MonitoringSchedule) -> Recurrence | None:
    return None if schedule.expression == NOW else Recurrence.parse(schedule.expression)


def _members(request: ScheduleRequest) -> dict[str, Any]:
    return {
        "config": request.config,
        "expression": request.expression,
        "monitoring_type": request.job.monitoring_type,
        "endpoint_name": request.job.endpoint_name,
        "definition_name": request.definition_name,
    }
