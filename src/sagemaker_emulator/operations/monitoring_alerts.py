"""ListMonitoringAlerts, ListMonitoringAlertHistory, UpdateMonitoringAlert."""

from __future__ import annotations

from sagemaker_emulator.monitoring import descriptions
from sagemaker_emulator.operations.registry import Request, Response, listed, operation
from sagemaker_emulator.sagemaker import SageMaker


@operation("ListMonitoringAlerts")
def list_monitoring_alerts(sagemaker: SageMaker, request: Request) -> Response:
    """Show the one alert that each schedule has. It is InAlert while enough of the last executions have violations or
    have failed.
    """
    schedule = sagemaker.monitoring.schedules.get(request["MonitoringScheduleName"])
    return {"MonitoringAlertSummaries": [descriptions.summarize_alert(schedule.alert)]}


@operation("ListMonitoringAlertHistory")
def list_monitoring_alert_history(sagemaker: SageMaker, request: Request) -> Response:
    """Show each transition between OK and InAlert. Filter by schedule, alert, status and time; sort and page."""
    page = sagemaker.monitoring.schedules.alert_history(request)
    transitions = [descriptions.summarize_transition(transition) for transition in page.resources]
    return listed("MonitoringAlertHistory", transitions, page.next_token)


@operation("UpdateMonitoringAlert")
def update_monitoring_alert(sagemaker: SageMaker, request: Request) -> Response:
    """Change DatapointsToAlert and EvaluationPeriod; the next execution evaluates them."""
    schedule = sagemaker.monitoring.schedules.update_alert(request)
    return {"MonitoringScheduleArn": schedule.arn, "MonitoringAlertName": schedule.alert.name}
