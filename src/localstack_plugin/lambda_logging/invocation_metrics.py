"""The thread that puts Lambda's metrics into CloudWatch, once a second."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from localstack.aws.connect import connect_to
from localstack.utils.bootstrap import is_api_enabled

from localstack_plugin.lambda_logging.invocation_counts import InvocationCounts, Point, Region, datum
from localstack_plugin.replacing import replace, wrap

INTERVAL_S = 1.0
DATA_AT_ONCE = 1000
"""The maximum that one call of PutMetricData accepts."""
METRIC_THREADS = "record-cloudwatch-metric"
"""The beginnings of the names of LocalStack's threads that record a metric."""

LOG = logging.getLogger(__name__)


def install() -> None:
    if not is_api_enabled("cloudwatch"):
        return
    metrics = InvocationMetrics()
    replace(
        "localstack.services.lambda_.invocation.version_manager:record_cw_metric_invocation",
        by=metrics.invocation,
        why="LocalStack puts a metric for each invocation, and CloudWatch commits each to disk. The counts of one "
        "second are put together, as the same data points.",
    )
    replace(
        "localstack.services.lambda_.invocation.version_manager:record_cw_metric_error",
        by=metrics.error,
        why="LocalStack also puts a metric for each failed invocation. Here these are put together in the same way.",
    )
    wrap(
        "localstack.services.lambda_.invocation.version_manager:start_thread",
        wrapper=without_metric_threads,
        why="LocalStack starts a thread for each metric. Counting needs no thread; its other threads start as before.",
    )


class InvocationMetrics:
    """LocalStack's two functions that record a metric. They count; a thread puts what they counted."""

    def __init__(self) -> None:
        self._counts = InvocationCounts()
        self._counted = threading.Event()
        threading.Thread(target=self._put_forever, name="lambda-metrics", daemon=True).start()

    def invocation(self, function_name: str, account_id: str, region_name: str) -> None:
        self._count((account_id, region_name), function_name, "Invocations")

    def error(self, function_name: str, account_id: str, region_name: str) -> None:
        self._count((account_id, region_name), function_name, "Invocations", "Errors")

    def _count(self, region: Region, function: str, *metrics: str) -> None:
        self._counts.add(region, function, int(time.time()), *metrics)
        self._counted.set()

    def _put_forever(self) -> None:
        while self._counted.wait():
            time.sleep(INTERVAL_S)
            self._counted.clear()
            for region, points in self._counts.take().items():
                self._put(region, points)

    def _put(self, region: Region, points: Counter[Point]) -> None:
        data = [datum(point, count) for point, count in points.items()]
        account_id, region_name = region
        try:
            cloudwatch = connect_to(aws_access_key_id=account_id, region_name=region_name).cloudwatch
            for first in range(0, len(data), DATA_AT_ONCE):
                cloudwatch.put_metric_data(Namespace="AWS/Lambda", MetricData=data[first : first + DATA_AT_ONCE])
        except Exception as error:  # noqa: BLE001 - the edge of a thread: as in the original, metrics stop no function
            LOG.info("Unable to put the metrics of Lambda: %s", error)


def without_metric_threads(start_thread: Callable[..., Any]) -> Callable[..., Any]:
    def start(method: Callable[..., Any], *arguments: Any, name: str | None = None, **options: Any) -> Any:
        if name and name.startswith(METRIC_THREADS):
            return method()
        return start_thread(method, *arguments, name=name, **options)

    return start
