"""Lambda puts one metric for each invocation, in a thread made for it, and CloudWatch commits each to disk; here what a
second brought is put at once. The data points, and the times that they carry, are the same."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from localstack.aws.connect import connect_to
from localstack.services.lambda_.invocation import version_manager
from localstack.utils.bootstrap import is_api_enabled

from localstack_plugin.replacing import replace

INTERVAL_S = 1.0
AT_ONCE = 1000
"""The most that PutMetricData takes."""
THREADS = "record-cloudwatch-metric"
"""What the names of the threads begin with that are not needed any more."""

LOG = logging.getLogger(__name__)
Region = tuple[str, str]
"""Account and region."""
Point = tuple[str, str, int]
"""The metric, the function, and the second."""


class LambdaMetrics:
    def __init__(self) -> None:
        self._counted: dict[Region, Counter[Point]] = {}
        self._lock = threading.Lock()
        self._some = threading.Event()
        threading.Thread(target=self._put_for_ever, name="lambda-metrics", daemon=True).start()

    def invocation(self, function_name: str, account_id: str, region_name: str) -> None:
        self._count((account_id, region_name), function_name, "Invocations")

    def error(self, function_name: str, account_id: str, region_name: str) -> None:
        self._count((account_id, region_name), function_name, "Invocations", "Errors")

    def _count(self, region: Region, function: str, *metrics: str) -> None:
        now = int(time.time())
        with self._lock:
            self._counted.setdefault(region, Counter()).update((metric, function, now) for metric in metrics)
        self._some.set()

    def _put_for_ever(self) -> None:
        while self._some.wait():
            time.sleep(INTERVAL_S)
            self._some.clear()
            with self._lock:
                counted, self._counted = self._counted, {}
            for region, points in counted.items():
                self._put(region, points)

    def _put(self, region: Region, points: Counter[Point]) -> None:
        data = [datum(point, count) for point, count in points.items()]
        account_id, region_name = region
        try:
            cloudwatch = connect_to(aws_access_key_id=account_id, region_name=region_name).cloudwatch
            for first in range(0, len(data), AT_ONCE):
                cloudwatch.put_metric_data(Namespace="AWS/Lambda", MetricData=data[first : first + AT_ONCE])
        except Exception as error:  # noqa: BLE001 - the edge of a thread: as in the original, metrics stop no one
            LOG.info("Unable to put the metrics of Lambda: %s", error)


def datum(point: Point, count: int) -> dict[str, Any]:
    metric, function, second = point
    return {
        "MetricName": metric,
        "Dimensions": [{"Name": "FunctionName", "Value": function}],
        "Timestamp": datetime.fromtimestamp(second, UTC),
        "Values": [1],
        "Counts": [count],
    }


def at_once(start_thread: Callable[..., Any]) -> Callable[..., Any]:
    """What is counted is counted in the thread that invokes; other threads are started as ever."""

    def start(method: Callable[..., Any], *arguments: Any, name: str | None = None, **options: Any) -> Any:
        if name and name.startswith(THREADS):
            return method()
        return start_thread(method, *arguments, name=name, **options)

    return start


def install() -> None:
    if not is_api_enabled("cloudwatch"):
        return
    metrics = LambdaMetrics()
    replace(version_manager, "record_cw_metric_invocation", metrics.invocation)
    replace(version_manager, "record_cw_metric_error", metrics.error)
    replace(version_manager, "start_thread", at_once(version_manager.start_thread))
