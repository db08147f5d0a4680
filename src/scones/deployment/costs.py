"""Estimate what a deployment costs: a hint for the user, from on-demand prices of us-east-1.

The prices are a table in this file, because reading AWS's price list needs a permission of its own. The output says how
old the table is.
"""

import re
from collections.abc import Mapping

from scones.settings import Settings

AS_OF = "2025-10"
REGION = "us-east-1"
# USD per hour of an instance for real-time inference, from aws.amazon.com/sagemaker/pricing
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
# USD per month, from aws.amazon.com/cloudwatch/pricing. An account's first ten alarms and three dashboards are free.
ALARM_MONTH = 0.10
DASHBOARD_MONTH = 3.00
METRIC_MONTH = 0.30
MONITOR_METRICS = 55  # of a model with two classes: the distances of features, the counts, and the quality
MONITOR_JOB_MINUTES = 3  # SageMaker bills a processing job while it runs, which includes the installation of Pillow
MINUTES_OF = {"minute": 1, "hour": 60, "day": 1440}


def count(template: str, resource_type: str) -> int:
    return len(re.findall(rf"^ +Type: {re.escape(resource_type)}$", template, re.MULTILINE))


def endpoint_line(settings: Settings) -> str:
    instance_type, name = settings.endpoint_instance_type, settings.endpoint_name
    hour = INSTANCE_HOUR.get(instance_type)
    price = (
        f"{hour:.3f} USD an hour, about {hour * HOURS_A_MONTH:.0f} a month" if hour else "see SageMaker's price list"
    )
    return f"Endpoint {name} on {instance_type}, from `scones endpoint` until `scones destroy`: {price}"


def monitor_line(settings: Settings) -> str:
    instance_type, schedule = settings.monitor_instance_type, settings.monitor_schedule
    if schedule == "off":
        return "Monitor: off"
    metrics = f"its {MONITOR_METRICS} metrics at most {MONITOR_METRICS * METRIC_MONTH:.2f} a month"
    rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", schedule)
    hour = INSTANCE_HOUR.get(instance_type)
    if not hour:
        return f"Monitor on {instance_type}: see SageMaker's price list; {metrics}"
    job = hour * MONITOR_JOB_MINUTES / 60
    if rate:
        runs = HOURS_A_MONTH * 60 / (int(rate[1]) * MINUTES_OF[rate[2]])
        jobs = f"at most {job * runs:.2f} USD a month for jobs of {MONITOR_JOB_MINUTES} minutes"
    else:
        jobs = f"{job:.3f} USD for a job of {MONITOR_JOB_MINUTES} minutes"
    return f"Monitor, {schedule} on {instance_type}, only while there is traffic: {jobs}; {metrics}"


def lines(settings: Settings, template: str) -> list[str]:
    alarms, dashboards = count(template, "AWS::CloudWatch::Alarm"), count(template, "AWS::CloudWatch::Dashboard")
    month = alarms * ALARM_MONTH + dashboards * DASHBOARD_MONTH
    return [
        endpoint_line(settings),
        f"{alarms} alarms, {dashboards} dashboard: at most {month:.2f} USD a month (the first 10 and 3 are free)",
        monitor_line(settings),
        f"Functions, queues, executions and storage are billed by use. Prices are those of {REGION} as of {AS_OF}; "
        "aws.amazon.com/sagemaker/pricing has yours",
    ]
