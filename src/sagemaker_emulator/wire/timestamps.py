"""Timestamps: epoch seconds inside the emulator, the protocol's own format on the wire."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

YEAR_1 = -62_135_596_800
YEAR_9999 = 253_402_300_799


def epoch_seconds(value: float | datetime) -> float:
    """Return epoch seconds. ValueError for what no calendar has: NaN, infinity, the year 10000."""
    seconds = value.timestamp() if isinstance(value, datetime) else float(value)
    if not YEAR_1 <= seconds <= YEAR_9999:
        raise ValueError(f"{value!r} is not a time between the years 1 and 9999")
    return seconds


def parse_timestamp(text: str, form: str) -> float:
    if form == "unixTimestamp":
        return epoch_seconds(float(text))
    parsed = parsedate_to_datetime(text) if form == "rfc822" else datetime.fromisoformat(text)
    return epoch_seconds(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))


def format_timestamp(value: float | datetime, form: str) -> float | str:
    """Epoch seconds to the millisecond, which is what AWS keeps."""
    seconds = round(epoch_seconds(value), 3)
    if form == "unixTimestamp":
        return int(seconds) if seconds == int(seconds) else seconds
    moment = datetime.fromtimestamp(seconds, UTC)
    if form == "rfc822":
        return format_datetime(moment, usegmt=True)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")
