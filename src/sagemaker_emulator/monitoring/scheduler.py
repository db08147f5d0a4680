"""The thread that fires schedules when they are due.

It starts with the first schedule: an account without schedules has no such thread. It sleeps until the next time that a
schedule names, but no longer than CHECK_S, because the clock may be set or the machine suspended meanwhile.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from sagemaker_emulator.monitoring.schedules import MonitoringSchedules
from sagemaker_emulator.resources.monitoring.schedule import MonitoringSchedule, ScheduleStatus
from sagemaker_emulator.wire import AwsError

CHECK_S = 15.0
RETRY_S = 1.0

log = logging.getLogger(__name__)


class Scheduler:
    """Fires schedules `delay_s` after the time that they name; AWS takes 0 to 20 minutes."""

    def __init__(self, clock: Callable[[], float], delay_s: float) -> None:
        self._clock, self._delay_s = clock, delay_s
        self._schedules: MonitoringSchedules | None = None
        self._woken, self._closing = threading.Event(), threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, schedules: MonitoringSchedules) -> None:
        """Begin with the schedules that an earlier emulator has stored."""
        self._schedules = schedules
        if schedules.active():
            self.wake()

    def wake(self) -> None:
        """Look at the schedules now, because one of them or the clock has changed."""
        with self._starting:
            self._woken.set()
            if self._thread is None and self._schedules is not None and not self._closing.is_set():
                self._thread = threading.Thread(
                    target=self._run, args=(self._schedules,), name="monitoring schedules", daemon=True
                )
                self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self.wake()
        if self._thread:
            self._thread.join()

    def _run(self, schedules: MonitoringSchedules) -> None:
        while not self._closing.is_set():
            self._woken.clear()
            try:
                wait_s = self._fire_due(schedules)
            except Exception:  # the edge of a thread: a full disk, for example, must not end all monitoring
                log.exception("monitoring schedules")
                wait_s = RETRY_S
            self._woken.wait(wait_s)

    def _fire_due(self, schedules: MonitoringSchedules) -> float:
        """Fire what is due, and return the seconds until the next schedule is."""
        wait_s = CHECK_S
        for schedule in schedules.active():
            try:
                wait_s = min(wait_s, self._attend(schedules, schedule))
            except AwsError as error:  # it was deleted meanwhile
                log.info("monitoring schedule %s: %s", schedule.name, error)
        return max(0.0, wait_s)

    def _attend(self, schedules: MonitoringSchedules, schedule: MonitoringSchedule) -> float:
        if schedule.status is ScheduleStatus.PENDING:
            schedules.accept(schedule.name)
        if schedule.next_due is None:
            return CHECK_S
        wait_s = schedule.next_due + self._delay_s - self._clock()
        if wait_s > 0:
            return wait_s
        schedules.fire(schedule.name, self._clock() - self._delay_s)
        return 0.0
