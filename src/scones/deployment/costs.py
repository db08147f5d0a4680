"""What a deployment costs to keep, so that nobody is surprised: on-demand prices of us-east-1, no more than a hint.

A table that was written down, for AWS's price list wants a permission of its own; what is printed says how old it is.
"""

import re
from collections.abc import Mapping

from scones.context import Context

AS_OF = "2025-10"
WHERE = "us-east-1"
# USD an hour of a real-time endpoint's instance, by aws.amazon.com/sagemaker/pricing
INSTANCE_HOUR: Mapping[str, float] = {
    "ml.t2.medium": 0.056,
    "ml.t2.large": 0.111,
    "ml.t2.xlarge": 0.223,
    "ml.m5.large": 0.115,
    "ml.m5.xlarge": 0.23,
    "ml.m5.2xlarge": 0.461,
    "ml.m5.4xlarge": 0.922,
    "ml.c5.large": 0.102,
    "ml.c5.xlarge": 0.204,
    "ml.c5.2xlarge": 0.408,
    "ml.g4dn.xlarge": 0.736,
    "ml.g5.xlarge": 1.408,
}
HOURS_A_MONTH = 730
# USD a month by aws.amazon.com/cloudwatch/pricing; an account's first ten alarms and three dashboards are free
ALARM_MONTH = 0.10
DASHBOARD_MONTH = 3.00


def count(template: str, resource_type: str) -> int:
    return len(re.findall(rf"^ +Type: {re.escape(resource_type)}$", template, re.MULTILINE))


def endpoint_line(context: Context) -> str:
    instance_type, name = context.settings.endpoint_instance_type, context.settings.endpoint_name
    hour = INSTANCE_HOUR.get(instance_type)
    price = (
        f"{hour:.3f} USD an hour, about {hour * HOURS_A_MONTH:.0f} a month" if hour else "see SageMaker's price list"
    )
    return f"Endpoint {name} on {instance_type}, from `scones endpoint` until `scones destroy`: {price}"


def lines(context: Context, template: str) -> list[str]:
    alarms, dashboards = count(template, "AWS::CloudWatch::Alarm"), count(template, "AWS::CloudWatch::Dashboard")
    month = alarms * ALARM_MONTH + dashboards * DASHBOARD_MONTH
    return [
        endpoint_line(context),
        f"{alarms} alarms, {dashboards} dashboard: at most {month:.2f} USD a month (the first 10 and 3 are free)",
        f"Functions, queues, executions, storage by use. Prices are {WHERE}'s in a table of {AS_OF}, not asked of AWS; "
        "aws.amazon.com/sagemaker/pricing has yours",
    ]
