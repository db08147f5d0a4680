"""Schedules of scheduled actions: at, rate, and AWS's cron expressions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sagemaker_emulator.scaling.schedules import ScheduleError, parse_schedule

FRIDAY = "2026-11-27T10:00"


def epoch(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def following(schedule: str, after: str = FRIDAY, timezone: str | None = None) -> str | None:
    time = parse_schedule(schedule, timezone, epoch(FRIDAY)).next_after(epoch(after))
    return None if time is None else datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("15 12 * * ? *", "2026-11-27T12:15"),
        ("0 10 * * ? *", "2026-11-28T10:00"),  # 10:00 is now, so tomorrow
        ("30 6 ? * MON *", "2026-11-30T06:30"),
        ("0 8 ? * MON-FRI *", "2026-11-30T08:00"),
        ("0 8 ? * 2,4 *", "2026-11-30T08:00"),
        ("0/20 * * * ? *", "2026-11-27T10:20"),
        ("5/25 10-12/2 * * ? *", "2026-11-27T10:05"),
        ("0 0 L * ? *", "2026-11-30T00:00"),
        ("0 0 LW JAN ? *", "2027-01-29T00:00"),  # the 31st is a Sunday
        ("0 0 1W 8 ? *", "2027-08-02T00:00"),  # the 1st is a Sunday
        ("0 0 15W AUG ? *", "2027-08-16T00:00"),  # likewise, and in the middle of the month
        ("0 0 ? * 6#3 *", "2026-12-18T00:00"),
        ("0 0 ? * MONL *", "2026-11-30T00:00"),
        ("0 0 ? * L *", "2026-11-28T00:00"),
        ("0 0 29 2 ? *", "2028-02-29T00:00"),
        ("0 0 1 1 ? 2030-2031", "2030-01-01T00:00"),
        ("30 6 * * 2 *", "2026-11-30T06:30"),  # an older form of AWS's own examples
    ],
)
def test_a_cron_expression_is_due_next(fields: str, expected: str) -> None:
    assert following(f"cron({fields})") == expected


@pytest.mark.parametrize("fields", ["0 0 30 2 ? *", "0 0 1 1 ? 2020", "0 0 ? 2 1#5 2026"])
def test_a_cron_expression_that_matches_no_time_is_never_due(fields: str) -> None:
    assert following(f"cron({fields})") is None


def test_cron_and_at_are_in_their_time_zone_through_daylight_saving_time() -> None:
    zone = "Europe/Berlin"
    assert following("cron(0 9 * * ? *)", timezone=zone) == "2026-11-28T08:00"
    assert following("cron(0 9 * * ? *)", "2026-07-01T00:00", zone) == "2026-07-01T07:00"
    assert following("at(2026-12-24T18:00:00)", timezone=zone) == "2026-12-24T17:00"


def test_at_is_due_once_and_a_rate_again_and_again() -> None:
    assert following("at(2026-11-27T10:00:30)") == FRIDAY
    assert following("at(2026-11-27T10:00:00)") is None
    assert following("rate(5 minutes)") == "2026-11-27T10:05"
    assert following("rate(1 hour)", "2026-11-27T12:59") == "2026-11-27T13:00"
    assert following("rate(2 days)", "2026-11-20T00:00") == "2026-11-29T10:00"


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("every day", "must be at"),
        ("rate(0 minutes)", "must be at"),
        ("rate(1 week)", "must be at"),
        ("at(tomorrow)", "does not match"),
        ("at(9999-12-31T23:59:59)", None),
        ("cron(0 8 ? * MON-FRI)", "5 fields"),
        ("cron(0 8 1 * 2 *)", "only one of day of month and day of week"),
        ("cron(60 8 * * ? *)", "'60' is not a value from 0 to 59"),
        ("cron(0/0 8 * * ? *)", "'0' is not a value from 1 to 59"),
        ("cron(30-10 8 * * ? *)", "goes backward"),
        ("cron(0 8 ? * XYZ *)", "'XYZ' is not a value from 1 to 7"),
        ("cron(0 8 0W * ? *)", "'0' is not a value from 1 to 31"),
        ("cron(0 8 ? * 2#6 *)", "is not a value"),
        ("cron(\u0661 8 * * ? *)", "is not a value"),
    ],
)
def test_what_is_no_schedule_is_refused(schedule: str, message: str | None) -> None:
    if message is None:
        assert following(schedule) is not None
        return
    with pytest.raises(ScheduleError, match=message):
        following(schedule)


@pytest.mark.parametrize("name", ["Nowhere/City", "../../etc/passwd", "/etc/passwd", "Europe", "", "x" * 500, "a\0b"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ScheduleError, match="is unknown"):
        parse_schedule("rate(1 minute)", name, 0.0)
