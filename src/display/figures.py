"""Numbers with their units, as all pages write them."""

import math

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
SIZE_UNITS = ("B", "kB", "MB", "GB", "TB")
NONE = "—"
LARGE = 1000
PLAIN_POWERS = range(-3, 4)
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
EXACT_BELOW_S = 0.02
"""Shorter durations have a tenth of a millisecond: half a step between the ticks of an axis."""


def count(value: int | None) -> str:
    """Return `12,345`."""
    return NONE if value is None else f"{value:,}"


def number(value: float | None) -> str:
    """Return four significant digits at most, without trailing zeros, such as `0.9375`, `12.3` or `4,210`."""
    if value is None:
        return NONE
    if abs(value) >= LARGE:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def power_of_ten(value: float) -> str:
    """Return a tick of a logarithmic axis: `0.01`, `100` or `10⁻⁵`."""
    power = round(math.log10(value))
    return number(10.0**power) if power in PLAIN_POWERS else "10" + str(power).translate(SUPERSCRIPTS)


def share(part: float, whole: float) -> str:
    """Return a percentage with one decimal. Only all of the whole is 100 %, and only nothing of it is 0 %."""
    if not whole:
        return NONE
    percent = round(100 * part / whole, 1)
    if percent >= 100 and part < whole:
        percent = 99.9
    if percent <= 0 < part:
        percent = 0.1
    return f"{percent:g} %"


def duration(seconds: float | None) -> str:
    """Return `2.5 ms`, `340 ms`, `1.24 s`, `45 s`, `3 min 05 s`, `2 h 04 min` or `3 d 02 h`."""
    if seconds is None:
        return NONE
    if seconds < EXACT_BELOW_S:
        return f"{seconds * 1000:.1f}".removesuffix(".0") + " ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < MINUTE_S:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min {whole % MINUTE_S:02} s"
    if whole < DAY_S:
        return f"{whole // HOUR_S} h {whole % HOUR_S // MINUTE_S:02} min"
    return f"{whole // DAY_S} d {whole % DAY_S // HOUR_S:02} h"


def size(size_bytes: float | None) -> str:
    """Return `512 B`, `4.2 kB` or `45 MB`, in powers of ten."""
    if size_bytes is None:
        return NONE
    value, unit = float(size_bytes), 0
    while value >= LARGE and unit < len(SIZE_UNITS) - 1:
        value, unit = value / LARGE, unit + 1
    return f"{value:.3g} {SIZE_UNITS[unit]}"
