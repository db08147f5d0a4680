"""Descriptions of monitoring's resources, as Describe and List have them: pure functions of the records."""

from __future__ import annotations

from typing import Any

from sagemaker_emulator.resources.monitoring.alert import AlertTransition, MonitoringAlert
from sagemaker_emulator.resources.monitoring.execution import MonitoringExecution
from sagemaker_emulator.resources.monitoring.job_definition import JobDefinition
from sagemaker_emulator.resources.monitoring.schedule import MonitoringSchedule
from sagemaker_emulator.wire import described, present

Description = dict[str, Any]


def describe_job_definition(definition: JobDefinition) -> Description:
    computed = {"JobDefinitionArn": definition.arn, "CreationTime": definition.created}
    return described(f"Describe{definition.monitoring_type}JobDefinition", definition.request, computed)


def summarize_job_definition(definition: JobDefinition) -> Description:
    return {
        "MonitoringJobDefinitionName": definition.name,
        "MonitoringJobDefinitionArn": definition.arn,
        "CreationTime": definition.created,
        "EndpointName": definition.endpoint_name,
    }


def describe_schedule(schedule: MonitoringSchedule, last: MonitoringExecution | None) -> Description:
    """Return the answer of DescribeMonitoringSchedule. `last` is the schedule's last execution, if there was one."""
    computed = {
        **_identity(schedule),
        "MonitoringScheduleConfig": schedule.config,
        "LastMonitoringExecutionSummary": summarize_execution(last) if last else None,
    }
    return present(computed)


def summarize_schedule(schedule: MonitoringSchedule) -> Description:
    """Return the entry of ListMonitoringSchedules."""
    summary = {**_identity(schedule), "MonitoringJobDefinitionName": schedule.definition_name}
    return present(summary)


def summarize_execution(execution: MonitoringExecution) -> Description:
    """Return the entry of ListMonitoringExecutions."""
    summary = {
        "MonitoringScheduleName": execution.schedule_name,
        "ScheduledTime": execution.scheduled,
        "CreationTime": execution.created,
        "LastModifiedTime": execution.modified,
        "MonitoringExecutionStatus": execution.status,
        "ProcessingJobArn": execution.processing_job_arn,
        "EndpointName": execution.endpoint_name or None,
        "FailureReason": execution.failure_reason,
        "MonitoringJobDefinitionName": execution.definition_name,
        "MonitoringType": execution.monitoring_type,
    }
    return present(summary)


def summarize_alert(alert: MonitoringAlert) -> Description:
    return {
        "MonitoringAlertName": alert.name,
        "CreationTime": alert.created,
        "LastModifiedTime": alert.modified,
        "AlertStatus": alert.status,
        "DatapointsToAlert": alert.datapoints_to_alert,
        "EvaluationPeriod": alert.evaluation_period,
        "Actions": {"ModelDashboardIndicator": {"Enabled": True}},
    }


def summarize_transition(transition: AlertTransition) -> Description:
    """Return the entry of ListMonitoringAlertHistory."""
    return {
        "MonitoringScheduleName": transition.schedule_name,
        "MonitoringAlertName": transition.alert_name,
        "CreationTime": transition.created,
        "AlertStatus": transition.status,
    }


def _identity(schedule: MonitoringSchedule) -> Description:
    return {
        "MonitoringScheduleName": schedule.name,
        "MonitoringScheduleArn": schedule.arn,
        "MonitoringScheduleStatus": schedule.status,
        "MonitoringType": schedule.monitoring_type,
        "CreationTime": schedule.created,
        "LastModifiedTime": schedule.modified,
        "EndpointName": schedule.endpoint_name or None,
    }
