"""GetMetricStatistics with percentiles, which it calls extended statistics."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from localstack_plugin.cloudwatch.percentiles import PERCENTILE
from localstack_plugin.cloudwatch.period_statistics import AGGREGATES, NO_UNIT
from localstack_plugin.replacing import wrap

COMBINATION, VALUE, VALIDATION = "InvalidParameterCombination", "InvalidParameterValue", "ValidationError"
WRITTEN_NO_UNIT = "None"
Times = dict[Any, dict[str, float]]
"""By the start of a period: its percentiles by their names."""


def install() -> None:
    wrap(
        "localstack.services.cloudwatch.provider_v2:CloudwatchProvider.get_metric_statistics",
        wrapper=with_extended_statistics,
        why="LocalStack answers GetMetricStatistics with an internal error where ExtendedStatistics are asked for, or "
        "no statistics, or unknown ones. Here percentiles are computed as for GetMetricData. Unknown statistics are "
        "refused, and so are both kinds together, or neither, as on AWS.",
    )


def with_extended_statistics(get_metric_statistics: Callable[..., Any]) -> Callable[..., Any]:
    def get(
        provider: Any, context: Any, *, statistics: Any = None, extended_statistics: Any = None, **request: Any
    ) -> Any:
        if problem := refusal(statistics or (), extended_statistics or ()):
            raise _error(*problem)
        if statistics:
            return get_metric_statistics(provider, context, statistics=statistics, **request)
        # LocalStack's own answer checks the span, and names the units of the data
        counted = get_metric_statistics(provider, context, statistics=["SampleCount"], **request)
        units = dict.fromkeys(point["Unit"] for point in counted["Datapoints"])
        points = [
            {"Timestamp": time, "ExtendedStatistics": values, "Unit": unit}
            for unit in units
            for time, values in _percentiles(provider, context, extended_statistics, unit, request).items()
        ]
        return {"Label": counted["Label"], "Datapoints": points}

    return get


def refusal(statistics: Sequence[str], extended: Sequence[str]) -> tuple[str, str] | None:
    """Return the code and the message of AWS's error for a request with these statistics; None if it is valid."""
    if statistics and extended:
        return COMBINATION, (
            "The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified both."
        )
    if not statistics and not extended:
        return COMBINATION, "Must specify either Statistics or ExtendedStatistics"
    if any(each not in AGGREGATES for each in statistics):
        return VALIDATION, (
            f"1 validation error detected: Value '[{', '.join(statistics)}]' at 'statistics' failed to satisfy "
            "constraint: Member must satisfy constraint: "
            f"[Member must satisfy enum value set: [{', '.join(AGGREGATES)}]]"
        )
    unknown = next((each for each in extended if not PERCENTILE.fullmatch(each)), None)
    return (VALUE, f"The value {unknown} for parameter ExtendedStatistics is not supported.") if unknown else None


def _percentiles(provider: Any, context: Any, names: Sequence[str], unit: str, request: Any) -> Times:
    metric = {
        "Namespace": request["namespace"],
        "MetricName": request["metric_name"],
        "Dimensions": request.get("dimensions") or [],
    }
    times: Times = defaultdict(dict)
    for name in names:
        stat = {"Metric": metric, "Period": request["period"], "Stat": name}
        answer = provider.cloudwatch_database.get_metric_data_stat(
            account_id=context.account_id,
            region=context.region,
            query={"MetricStat": stat | {"Unit": NO_UNIT if unit == WRITTEN_NO_UNIT else unit}},
            start_time=request["start_time"],
            end_time=request["end_time"],
            scan_by="TimestampAscending",
        )
        for time, value in zip(answer["timestamps"], answer["values"], strict=True):
            times[time][name] = float(value)
    return times


def _error(code: str, message: str) -> Exception:
    from localstack.aws.api import CommonServiceException

    return CommonServiceException(code, message, status_code=400, sender_fault=True)
