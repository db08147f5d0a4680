"""Alarms on the overview: those that are raised, and those that only wait for the first traffic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.console.conftest import Open
from tests.unit.console.doubles import error
from tests.unit.console.test_changes import STACK

NO_DATA = (
    "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [Breaching]."
)
MEASURED = "Threshold Crossed: 1 datapoint [0.0] was less than the threshold (1.0)."


def shown(open_console: Open, reason: str, age: timedelta | None, is_listed: bool = True, **alarm: Any) -> str:
    """Return the overview with one alarm in ALARM, and an endpoint of that age if there is one."""
    now = datetime.now(UTC)
    described = {
        "AlarmName": "no-traffic",
        "StateValue": "ALARM",
        "StateReason": reason,
        "StateUpdatedTimestamp": now,
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "EndpointName", "Value": "bikes"}],
        "Period": 3600,
        "EvaluationPeriods": 1,
        **alarm,
    }
    names = {"EndpointName": "bikes", "EndpointStatus": "InService"}
    endpoints = [] if age is None else [{**names, "CreationTime": now - age, "LastModifiedTime": now - age}]
    job = {"TrainingJobName": "b", "TrainingJobStatus": "Completed", "CreationTime": now}
    answers = {
        "cloudwatch.describe_alarms": {"MetricAlarms": [described]},
        "sagemaker.list_endpoints": {"Endpoints": endpoints} if is_listed else error("AccessDenied"),
        "sagemaker.list_training_jobs": {"TrainingJobSummaries": [job]},
    }
    return open_console(answers).get("/").text


@pytest.mark.parametrize(
    ("age", "notifies", "because"),
    [
        (None, True, "there is no endpoint bikes"),
        (timedelta(minutes=5), True, "bikes is newer than the 60 minutes that the alarm looks at"),
        (timedelta(hours=2), False, "in the last 60 minutes; the alarm notifies nobody"),
    ],
)
def test_an_alarm_that_has_no_data_yet_is_calm_and_says_why(
    open_console: Open, age: timedelta | None, notifies: bool, because: str
) -> None:
    page = shown(open_console, NO_DATA, age, ActionsEnabled=notifies)
    assert because in page
    assert 'tone-quiet is-quiet">No traffic<' in page
    assert 'Alarms</dt><dd><a href="#health">0<' in page
    assert "tone-bad is-bad" not in page


@pytest.mark.parametrize("reason", [NO_DATA, MEASURED])
def test_an_alarm_whose_endpoint_has_had_time_for_traffic_is_raised(open_console: Open, reason: str) -> None:
    page = shown(open_console, reason, timedelta(hours=2))
    assert 'tone-bad is-bad">Alarm<' in page
    assert 'Alarms</dt><dd><a href="#health">1<' in page


def test_an_alarm_over_data_is_raised_for_a_new_endpoint_too(open_console: Open) -> None:
    assert 'Alarms</dt><dd><a href="#health">1<' in shown(open_console, MEASURED, timedelta(minutes=5))


def test_an_endpoint_that_cannot_be_listed_is_not_called_missing(open_console: Open) -> None:
    page = shown(open_console, NO_DATA, None, is_listed=False)
    assert "there is no endpoint" not in page
    assert 'Alarms</dt><dd><a href="#health">1<' in page


STACK_MONITORED = {
    **STACK,
    "Outputs": [*STACK["Outputs"], {"OutputKey": "MonitorStateMachineArn", "OutputValue": ":m"}],
}


@pytest.mark.parametrize(
    ("watched", "page"),
    [
        ({"EndpointName": "bikes", "VariantName": "AllTraffic"}, "/endpoints/bikes"),
        ({"Endpoint": "bikes", "MonitoringSchedule": "bikes-monitor"}, "/drift/bikes"),
        ({"Endpoint": "other", "MonitoringSchedule": "other-monitor"}, "/monitoring/other-monitor"),
        ({"StateMachineArn": "arn:aws:states:eu-central-1:1:stateMachine:decide"}, "/state-machines/decide"),
        ({"QueueName": "review"}, "/queues"),
        ({"FunctionName": "filter"}, "/logs?group=%2Faws%2Flambda%2Ffilter"),
        ({"Endpoint": "other"}, ""),
        ({"TableName": "other"}, ""),
    ],
)
def test_an_alarm_leads_to_what_it_watches(open_console: Open, watched: dict[str, str], page: str) -> None:
    described = {
        "AlarmName": "low",
        "StateValue": "ALARM",
        "Dimensions": [{"Name": k, "Value": v} for k, v in watched.items()],
    }
    job = {"TrainingJobName": "b", "TrainingJobStatus": "Completed", "CreationTime": datetime.now(UTC)}
    answers = {
        "cloudwatch.describe_alarms": {"MetricAlarms": [described]},
        "sagemaker.list_training_jobs": {"TrainingJobSummaries": [job]},
        "cloudformation.describe_stacks": {"Stacks": [STACK_MONITORED]},
    }
    health = open_console(answers).get("/").text.partition('id="health"')[2]
    assert (f'<a href="{page}">low</a>' if page else "<td>low<") in health
