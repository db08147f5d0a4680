"""Numbers with their units, as all pages write them."""

import math

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
SIZE_UNITS = ("B", "kB", "MB", "GB", "TB")
NONE = "—"
LARGE = 1000
LEAST_P, LEAST_DECIMAL_P = -12, 0.001
"""The power of ten below which the digits of a p-value mean nothing, and the least that is written without a power."""
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
EXACT_BELOW_S = 0.02
"""Shorter durations have a tenth of a millisecond: half a step between the ticks of an axis."""


def count(value: int | None) -> str:
    """Return `12,345`."""
    return NONE if value is None else f"{value:,}"


def number(value: float | None) -> str:
    """Return four significant digits at most, such as `0.9375`, `12.3`, `4,210` or `2.5·10⁻⁵`."""
    if value is None:
        return NONE
    if abs(value) >= LARGE:
        return f"{value:,.0f}"
    digits, _, power = f"{value:.4g}".partition("e")
    if not power:
        return digits
    return _power(int(power)) if digits == "1" else f"{digits}·{_power(int(power))}"


def difference(before: float, after: float) -> str:
    """Return after minus before with its sign, with no more decimals than both have as `number` writes them.

    It has one digit if those would all be zeros, and is `0` for equal values only.
    """
    value = after - before
    if not value:
        return "0"
    size, unit = abs(value), 10 ** max(_decimals(before), _decimals(after))
    rounded = math.floor(size * unit + 0.5) / unit if math.isfinite(size) else size
    return ("+" if value > 0 else "\N{MINUS SIGN}") + number(rounded or float(f"{size:.1g}"))


def p_value(value: float | None) -> str:
    """Return two significant digits, such as `0.0051` or `7.1·10⁻¹⁰`, and `< 10⁻¹²` where digits mean nothing."""
    if value is None:
        return NONE
    if value < 10.0**LEAST_P:
        return f"< {_power(LEAST_P)}"
    if value >= LEAST_DECIMAL_P:
        return f"{value:.2g}"
    digits, _, power = f"{value:.1e}".partition("e")
    digits = digits.removesuffix(".0")
    return _power(int(power)) if digits == "1" else f"{digits}·{_power(int(power))}"


def points(difference_of_shares: float) -> str:
    """Return the difference of two shares in percentage points, such as `+32.1 points`."""
    value = round(100 * difference_of_shares, 1)
    return f"{value:+g} points" if value else "0 points"


def power_of_ten(value: float) -> str:
    """Return a tick of a logarithmic axis: `0.01`, `100`, `10⁴` or `10⁻⁵`."""
    power = round(math.log10(value))
    return _power(power) if 10.0**power > LARGE else number(10.0**power)


def _power(power: int) -> str:
    return "10" + str(power).translate(SUPERSCRIPTS)


def _decimals(value: float) -> int:
    """Return the number of decimals of a finite value with four significant digits and no trailing zeros."""
    if abs(value) >= LARGE:
        return 0
    whole, _, power = f"{value:.4g}".partition("e")
    return max(0, len(whole.partition(".")[2]) - int(power or 0))


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
