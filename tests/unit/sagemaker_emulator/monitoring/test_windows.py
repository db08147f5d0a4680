"""Windows of captured data: offsets, their limits, and the hours that a window touches."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sagemaker_emulator.monitoring.schedule_expressions import Recurrence
from sagemaker_emulator.monitoring.windows import Offsets, Window, WindowError, iso_time

HOURLY = Recurrence.parse("cron(0 * ? * * *)")
DAILY = Recurrence.parse("cron(0 5 ? * * *)")
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()
HOUR = 3600


def window(schedule: dict[str, str], endpoint: dict[str, str], recurrence: Recurrence | None = HOURLY) -> Window:
    return Offsets.of(schedule, endpoint).window(NOON, recurrence)


def test_without_offsets_a_window_begins_at_the_schedules_previous_time() -> None:
    assert window({}, {}) == Window(NOON - HOUR, NOON)
    due = NOON - 7 * HOUR
    assert Offsets().window(due, DAILY) == Window(due - 24 * HOUR, due)


@pytest.mark.parametrize(
    ("schedule", "endpoint", "hours"),
    [
        ({"DataAnalysisStartTime": "-PT5H", "DataAnalysisEndTime": "-PT1H"}, {}, (5, 1)),
        ({"DataAnalysisStartTime": "-PT5H"}, {}, (5, 0)),
        ({}, {"StartTimeOffset": "-P3D", "EndTimeOffset": "-P1D"}, (72, 24)),
        ({}, {"StartTimeOffset": "-P1DT2H", "EndTimeOffset": "-PT30M"}, (26, 0.5)),
        ({}, {"EndTimeOffset": "-PT0H"}, (1, 0)),
        ({"DataAnalysisStartTime": "-PT2H", "DataAnalysisEndTime": "-PT0H"}, {"StartTimeOffset": "-P3D"}, (2, 0)),
    ],
)
def test_offsets_move_the_window(schedule: Any, endpoint: Any, hours: tuple[float, float]) -> None:
    assert window(schedule, endpoint) == Window(NOON - hours[0] * HOUR, NOON - hours[1] * HOUR)


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ({"ScheduleExpression": "NOW"}, "required if ScheduleExpression is NOW"),
        ({"ScheduleExpression": "NOW", "DataAnalysisStartTime": "-PT1H"}, "required if ScheduleExpression is NOW"),
        ({"DataAnalysisStartTime": "-PT25H"}, "more than 24 hours"),
        ({"DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT2H"}, "earlier than its end"),
        ({"DataAnalysisStartTime": "one hour"}, "not an ISO 8601 duration"),
        ({"DataAnalysisStartTime": "-P99999D", "DataAnalysisEndTime": "-P99999D"}, "at most 366 days"),
        ({"DataAnalysisStartTime": "-P"}, "not an ISO 8601 duration"),
        ({"DataAnalysisStartTime": "-PT"}, "not an ISO 8601 duration"),
    ],
)
def test_windows_that_aws_refuses(schedule: dict[str, str], reason: str) -> None:
    with pytest.raises(WindowError, match=reason):
        Offsets.of(schedule, {})


def test_offsets_of_the_endpoints_input_are_bounded() -> None:
    with pytest.raises(WindowError, match="'-P99999D' is too long: at most 366 days"):
        Offsets.of({}, {"StartTimeOffset": "-P99999D"})


def test_a_window_names_every_hour_that_it_touches() -> None:
    assert list(Window(NOON - HOUR, NOON).hours()) == ["2026/11/27/11"]
    assert list(Window(NOON - 90, NOON + 1).hours()) == ["2026/11/27/11", "2026/11/27/12"]


def test_times_are_written_as_the_container_reads_them() -> None:
    assert iso_time(NOON) == "2026-11-27T12:00:00Z"
