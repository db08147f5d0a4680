"""PutScheduledAction, DescribeScheduledActions, DeleteScheduledAction."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, operation
from sagemaker_emulator.sagemaker import SageMaker


@operation("PutScheduledAction")
def put_scheduled_action(sagemaker: SageMaker, request: Request) -> Response:
    """Support `at`, `rate` and `cron` with time zones, StartTime and EndTime. An action that is due sets the limits of
    its target within a second or two, and the count follows. Its times are real: they are not shortened by the setting
    for a minute.
    """
    sagemaker.scaling.scheduled_actions.put(request)
    return {}


@operation("DescribeScheduledActions")
def describe_scheduled_actions(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by name, resource and dimension; page. Actions that will not run again are removed."""
    return sagemaker.scaling.scheduled_actions.describe(request)


@operation("DeleteScheduledAction")
def delete_scheduled_action(sagemaker: SageMaker, request: Request) -> Response:
    sagemaker.scaling.scheduled_actions.remove(request)
    return {}
