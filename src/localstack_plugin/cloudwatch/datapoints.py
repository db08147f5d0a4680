"""The data points that decide about an alarm: those of its own metric and of its newest periods, up to now."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from localstack_plugin.replacing import replace, wrap

EXTRA_PERIODS_MIN = 2


def install() -> None:
    replace(
        "localstack.services.cloudwatch.alarm_scheduler:collect_metric_data",
        by=collected,
        why="LocalStack asks once for each period, and leaves out data of the current second. Here one question covers "
        "all periods, up to now.",
    )
    wrap(
        "localstack.services.cloudwatch.alarm_scheduler:is_threshold_exceeded",
        wrapper=of_newest_periods,
        why="LocalStack also counts breaches in periods before the alarm's evaluation periods. Here only the newest "
        "data points count, as on AWS.",
    )


def collected(alarm: Any, client: Any) -> list[float | None]:
    """Return one value for each period, oldest first: None for a period without data.

    CloudWatch reads more periods than it evaluates; LocalStack reads a third more, at least two.
    """
    from localstack.services.cloudwatch.alarm_scheduler import generate_metric_query

    period_s, evaluated = alarm["Period"], alarm["EvaluationPeriods"]
    periods = evaluated + max(math.floor(evaluated / 3), EXTRA_PERIODS_MIN)
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    start = end - timedelta(seconds=period_s * periods)
    answer = client.get_metric_data(MetricDataQueries=[generate_metric_query(alarm)], StartTime=start, EndTime=end)
    values: list[float | None] = [None] * periods
    (result,) = answer["MetricDataResults"]
    for timestamp, value in zip(result["Timestamps"], result["Values"], strict=True):
        values[int((timestamp - start).total_seconds() // period_s)] = value
    return values


def of_newest_periods(is_threshold_exceeded: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Judge only as many data points as the alarm evaluates. They come newest first, those without data last."""

    def judged(newest_first: list[float | None], alarm: Any) -> bool:
        return is_threshold_exceeded(newest_first[: alarm["EvaluationPeriods"]], alarm)

    return judged
