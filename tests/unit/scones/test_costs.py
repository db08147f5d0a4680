from pathlib import Path

import pytest

from scones import settings
from scones.deployment import costs
from scones.settings import Settings

TEMPLATE = """
Resources:
  One:
    Type: AWS::CloudWatch::Alarm
  Two:
    Type: AWS::CloudWatch::Alarm
  Three:
    Type: AWS::CloudWatch::AlarmSuppression
  Board:
    Type: AWS::CloudWatch::Dashboard
Outputs:
  # Type: AWS::CloudWatch::Dashboard
"""


def settings_for(instance_type: str) -> Settings:
    variables = {"ENDPOINT_INSTANCE_TYPE": instance_type, "ENDPOINT_NAME": "scones"}
    return settings.load({}, variables, "default", Path("/nowhere"))


@pytest.mark.parametrize(
    ("resource_type", "number"),
    [("AWS::CloudWatch::Alarm", 2), ("AWS::CloudWatch::Dashboard", 1), ("AWS::CloudWatch::A.arm", 0)],
)
def test_only_resources_of_exactly_the_type_are_counted(resource_type: str, number: int) -> None:
    assert costs.count(TEMPLATE, resource_type) == number


@pytest.mark.parametrize(
    ("instance_type", "price"),
    [
        ("ml.m5.xlarge", "0.230 USD an hour, about 168 a month"),
        ("ml.t2.medium", "0.056 USD an hour, about 41 a month"),
        ("ml.p5.48xlarge", "see SageMaker's price list"),
    ],
)
def test_the_endpoint_costs_what_its_instance_does(instance_type: str, price: str) -> None:
    line = costs.endpoint_line(settings_for(instance_type))
    assert line == f"Endpoint scones on {instance_type}, from `scones endpoint` until `scones destroy`: {price}"


def test_permanent_resources_cost_their_alarms_and_dashboards() -> None:
    endpoint, monitoring, _, rest = costs.lines(settings_for("ml.m5.large"), TEMPLATE)
    assert endpoint == costs.endpoint_line(settings_for("ml.m5.large"))
    assert monitoring == "2 alarms, 1 dashboard: at most 3.20 USD a month (the first 10 and 3 are free)"
    assert rest == (
        "Functions, queues, executions and storage are billed by use. Prices are those of us-east-1 as of "
        f"{costs.AS_OF}; aws.amazon.com/sagemaker/pricing has yours"
    )


@pytest.mark.parametrize(
    ("schedule", "instance_type", "line"),
    [
        ("rate(1 hour)", "ml.m5.large", "at most 4.20 USD a month for jobs of 3 minutes; its 55 metrics at most 16.50"),
        ("rate(1 day)", "ml.m5.large", "at most 0.17 USD a month for jobs of 3 minutes"),
        ("cron(0 6 * * ? *)", "ml.m5.large", "0.006 USD for a job of 3 minutes"),
        ("rate(1 hour)", "ml.p5.48xlarge", "see SageMaker's price list"),
        ("off", "ml.m5.large", "Monitor: off"),
    ],
)
def test_the_monitor_costs_its_jobs_and_its_metrics(schedule: str, instance_type: str, line: str) -> None:
    variables = {"MONITOR_SCHEDULE": schedule, "MONITOR_INSTANCE_TYPE": instance_type}
    assert line in costs.monitor_line(settings.load({}, variables, "default", Path("/nowhere")))
