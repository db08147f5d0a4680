"""Schedule expressions: AWS's forms, their times, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sagemaker_emulator.monitoring.schedule_expressions import ExpressionError, Recurrence, daily_at


def at(hour: int, minute: int = 0, day: int = 27) -> float:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("cron(0 * ? * * *)", tuple(range(24))),
        ("cron(0 0 ? * * *)", (0,)),
        ("cron(0 23 ? * * *)", (23,)),
        ("cron(0 0/2 ? * * *)", tuple(range(0, 24, 2))),
        ("cron(0 17/12 ? * * *)", (5, 17)),  # "every 12 hours, starting at 5pm": the API reference
        ("cron(0 0/10 ? * * *)", (0, 10, 20)),  # "midnight, 10am, and 8pm": the SDK's daily_every_x_hours
        ("cron(0 03/24 ? * * *)", (3,)),
    ],
)
def test_the_hours_of_an_expression(expression: str, hours: tuple[int, ...]) -> None:
    assert Recurrence.parse(expression).hours == hours


@pytest.mark.parametrize(
    "expression",
    [
        "NOW",
        "now",
        "",
        "cron(0 24 ? * * *)",
        "cron(0 5/25 ? * * *)",
        "cron(0 5/0 ? * * *)",
        "cron(0 */2 ? * * *)",
        "cron(30 * ? * * *)",
        "cron(0 * * * ? *)",
        "rate(1 hour)",
        "cron(0 * ? * * *) ",
    ],
)
def test_other_expressions_are_refused_by_name(expression: str) -> None:
    with pytest.raises(ExpressionError, match="is not supported"):
        Recurrence.parse(expression)


def test_an_hourly_schedule_is_due_at_every_full_hour() -> None:
    hourly = Recurrence.parse("cron(0 * ? * * *)")
    assert hourly.due_after(at(9)) == at(10)
    assert hourly.due_after(at(9, 59)) == at(10)
    assert hourly.due_before(at(9)) == at(8)
    assert hourly.latest_due(at(9)) == at(9)
    assert hourly.latest_due(at(9, 30)) == at(9)
    assert hourly.latest_due(at(9) - 0.5) == at(8)
    assert hourly.shortest_period_s == 3600


def test_a_schedule_goes_on_over_midnight() -> None:
    twice = Recurrence.parse("cron(0 17/12 ? * * *)")
    assert twice.due_after(at(18)) == at(5, day=28)
    assert twice.due_before(at(5)) == at(17, day=26)
    assert Recurrence.parse("cron(0 0/10 ? * * *)").shortest_period_s == 4 * 3600


def test_the_chosen_daily_expression_is_one_of_awss() -> None:
    assert Recurrence.parse(daily_at(7)).hours == (7,)
