"""The thread that evaluates alarms when their metrics get data, and all of them once a minute, as on AWS.

LocalStack evaluates an alarm once in all of its periods: an alarm over three periods of five minutes would notice an
error up to a quarter of an hour late. That schedule goes on beside this thread, and also covers alarms
from saved state.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from localstack_plugin.replacing import wrap

EVERY_ALARM_S = 60.0

LOG = logging.getLogger(__name__)

Metric = tuple[str, str, str, str]
"""Account, region, namespace and name."""


def install(interval_s: float) -> None:
    evaluation = AlarmEvaluation(interval_s, _stored_alarms, _evaluate)
    wrap(
        "localstack.services.cloudwatch.cloudwatch_database_helper:CloudwatchDatabase.add_metric_data",
        wrapper=evaluation.noticing,
        why="LocalStack evaluates an alarm once in all of its periods. Here it is also evaluated as soon as its metric "
        "has new data, at most once in `SCONES_ALARM_INTERVAL_S`.",
    )


class AlarmEvaluation:
    """`alarms` lists the ARN and the metric of each alarm; `evaluate` takes an ARN."""

    def __init__(
        self,
        interval_s: float,
        alarms: Callable[[], Iterable[tuple[str, Metric]]],
        evaluate: Callable[[str], None],
    ) -> None:
        self._interval_s, self._alarms, self._evaluate = interval_s, alarms, evaluate
        self._changed: set[Metric] = set()
        self._lock = threading.Lock()
        self._arrived = threading.Event()
        self._thread: threading.Thread | None = None
        self._next_round = 0.0

    def noticing(self, add_metric_data: Callable[..., None]) -> Callable[..., None]:
        def add(database: Any, account_id: str, region: str, namespace: str, metric_data: Any) -> None:
            add_metric_data(database, account_id, region, namespace, metric_data)
            self.notice({(account_id, region, namespace, datum["MetricName"]) for datum in metric_data or ()})

        return add

    def notice(self, metrics: set[Metric]) -> None:
        """Have the alarms of the metrics evaluated soon. The thread starts with the first metrics."""
        with self._lock:
            self._changed |= metrics
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="alarm-evaluation", daemon=True)
                self._thread.start()
        self._arrived.set()

    def evaluate_due(self, now: float) -> None:
        """Evaluate the alarms of changed metrics, and once a minute all of them."""
        with self._lock:
            changed, self._changed = self._changed, set()
        is_round = now >= self._next_round
        if is_round:
            self._next_round = now + EVERY_ALARM_S
        for arn, metric in list(self._alarms()):
            if is_round or metric in changed:
                self._evaluate_one(arn)

    def evaluate_due_safely(self, now: float) -> None:
        """Evaluate what is due. After a fault, such as a new account while alarms are listed, try again next time."""
        with self._lock:
            changed = set(self._changed)
        try:
            self.evaluate_due(now)
        except Exception:  # the edge of a thread: alarms would never be evaluated again
            LOG.exception("alarms could not be evaluated")
            self.notice(changed)

    def _evaluate_one(self, arn: str) -> None:
        try:
            self._evaluate(arn)
        except Exception:  # the edge of a thread: the other alarms are evaluated
            LOG.exception("the alarm %s could not be evaluated", arn)

    def _run(self) -> None:
        while True:
            self._arrived.wait(EVERY_ALARM_S)
            self._arrived.clear()
            self.evaluate_due_safely(time.monotonic())
            time.sleep(self._interval_s)


def _stored_alarms() -> Iterator[tuple[str, Metric]]:
    from localstack.services.cloudwatch.models import cloudwatch_stores  # not before LocalStack has loaded its services

    for account, region, store in cloudwatch_stores.iter_stores():
        for arn, stored in list(store.alarms.items()):
            if name := stored.alarm.get("MetricName"):  # composite alarms follow those of metrics by themselves
                yield arn, (account, region, stored.alarm.get("Namespace", ""), name)


def _evaluate(arn: str) -> None:
    from localstack.services.cloudwatch import alarm_scheduler  # not before LocalStack has loaded its services

    alarm = alarm_scheduler.get_metric_alarm_details_for_alarm_arn(arn)
    if alarm and "Statistic" in alarm and alarm["ComparisonOperator"] in alarm_scheduler.COMPARISON_OPS:
        alarm_scheduler.calculate_alarm_state(arn)
