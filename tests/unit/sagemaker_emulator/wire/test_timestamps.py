"""Epoch seconds as text, in the three forms of the protocols."""

import math
import time
from datetime import UTC, datetime

import pytest

from sagemaker_emulator.wire.timestamps import epoch_seconds, format_timestamp, parse_timestamp


@pytest.mark.parametrize(
    ("text", "form", "seconds"),
    [
        ("1700000000.25", "unixTimestamp", 1_700_000_000.25),
        ("Tue, 14 Nov 2023 22:13:20 GMT", "rfc822", 1_700_000_000),
        ("Tue, 14 Nov 2023 23:13:20 +0100", "rfc822", 1_700_000_000),
        ("Tue, 14 Nov 2023 22:13:20 -0000", "rfc822", 1_700_000_000),
        ("2023-11-14T22:13:20Z", "iso8601", 1_700_000_000),
        ("2023-11-14T22:13:20.250Z", "iso8601", 1_700_000_000.25),
        ("2023-11-14T23:13:20+01:00", "iso8601", 1_700_000_000),
        ("2023-11-14T22:13:20", "iso8601", 1_700_000_000),
    ],
)
def test_a_time_is_read_in_its_format_and_as_utc_without_a_zone(text: str, form: str, seconds: float) -> None:
    assert parse_timestamp(text, form) == seconds


@pytest.mark.parametrize(
    ("seconds", "form", "text"),
    [
        (1_700_000_000, "unixTimestamp", "1700000000"),
        (1_700_000_000.0, "unixTimestamp", "1700000000"),
        (1_700_000_000.2509, "unixTimestamp", "1700000000.251"),
        (1_700_000_000.25, "rfc822", "Tue, 14 Nov 2023 22:13:20 GMT"),
        (1_700_000_000, "iso8601", "2023-11-14T22:13:20Z"),
        (1_700_000_000.25, "iso8601", "2023-11-14T22:13:20.250Z"),
        (1_700_000_000.0004, "iso8601", "2023-11-14T22:13:20Z"),
    ],
)
def test_a_time_is_written_in_its_format_to_the_millisecond(seconds: float, form: str, text: str) -> None:
    assert str(format_timestamp(seconds, form)) == text


@pytest.mark.parametrize(
    ("text", "form"), [("2023-11-14T22:13:20", "iso8601"), ("14 Nov 2023 22:13:20 -0000", "rfc822")]
)
def test_a_time_without_a_zone_is_utc_wherever_the_server_runs(
    text: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        seconds = parse_timestamp(text, form)
    time.tzset()
    assert seconds == 1_700_000_000


def test_a_datetime_is_accepted_too() -> None:
    assert format_timestamp(datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), "iso8601") == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize("moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)])
def test_the_calendar_goes_from_the_year_1_to_9999(moment: datetime) -> None:
    seconds = moment.timestamp()
    assert epoch_seconds(seconds) == seconds
    beyond = seconds - 1 if moment.year == 1 else seconds + 1
    with pytest.raises(ValueError, match=f"^{beyond!r} is not a time between the years 1 and 9999$"):
        epoch_seconds(beyond)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        epoch_seconds(value)
