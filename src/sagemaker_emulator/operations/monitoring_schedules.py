"""Monitoring schedules: Create, Describe, List, Update, Start, Stop, Delete, and List of their executions."""

from __future__ import annotations

from sagemaker_emulator.monitoring import descriptions
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateMonitoringSchedule", waits=True)
def create_monitoring_schedule(sagemaker: SageMaker, request: Request) -> Response:
    """Fire at the hours of all of AWS's cron expressions, and once for NOW. Executions run the definition of a data
    quality or model quality job, by name or inside the schedule, over the captured data of the window, which
    DataAnalysisStartTime and DataAnalysisEndTime or the offsets of the endpoint's input can move. An execution starts
    at once, or `SAGEMAKER_EMULATOR_MONITORING_DELAY_S` later; on AWS it starts within 20 minutes. If the emulator was
    down at several scheduled times, only the latest of them gets an execution. An execution that was under way
    continues. Executions of bias, explainability and batch transform definitions are Failed, and the reason names
    them. The endpoint must exist and capture data.
    """
    return {"MonitoringScheduleArn": sagemaker.monitoring.schedules.create(request, tags_of(request)).arn}


@operation("DescribeMonitoringSchedule")
def describe_monitoring_schedule(sagemaker: SageMaker, request: Request) -> Response:
    schedule = sagemaker.monitoring.schedules.get(request["MonitoringScheduleName"])
    last = sagemaker.monitoring.executions.latest(schedule)
    return descriptions.describe_schedule(schedule, last[0] if last else None)


@operation("ListMonitoringSchedules")
def list_monitoring_schedules(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by endpoint, definition, type, name, status and time; sort and page."""
    page = sagemaker.monitoring.schedules.page(request)
    summaries = [descriptions.summarize_schedule(schedule) for schedule in page.resources]
    return listed("MonitoringScheduleSummaries", summaries, page.next_token)


@operation("UpdateMonitoringSchedule", waits=True)
def update_monitoring_schedule(sagemaker: SageMaker, request: Request) -> Response:
    """Replace the whole configuration. NOW runs once more. A stopped schedule stays stopped."""
    return {"MonitoringScheduleArn": sagemaker.monitoring.schedules.update(request).arn}


@operation("StartMonitoringSchedule")
def start_monitoring_schedule(sagemaker: SageMaker, request: Request) -> Response:
    """Resume a stopped schedule at its next time; one with NOW runs once more."""
    sagemaker.monitoring.schedules.start(request["MonitoringScheduleName"])
    return {}


@operation("StopMonitoringSchedule")
def stop_monitoring_schedule(sagemaker: SageMaker, request: Request) -> Response:
    """Stop firing. An execution that is under way goes on."""
    sagemaker.monitoring.schedules.stop(request["MonitoringScheduleName"])
    return {}


@operation("DeleteMonitoringSchedule")
def delete_monitoring_schedule(sagemaker: SageMaker, request: Request) -> Response:
    """Stop and delete a schedule. Its executions stay listed."""
    sagemaker.monitoring.schedules.delete(request["MonitoringScheduleName"])
    return {}


@operation("ListMonitoringExecutions")
def list_monitoring_executions(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by schedule, endpoint, definition, type, status and time; sort and page. ProcessingJobArn is that of the
    analysis, or of the merge with ground truth while that runs. An execution without captured data is Failed with AWS's
    reason, `Job inputs had no data`.
    """
    page = sagemaker.monitoring.executions.page(request)
    summaries = [descriptions.summarize_execution(execution) for execution in page.resources]
    return listed("MonitoringExecutionSummaries", summaries, page.next_token)
