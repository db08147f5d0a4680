"""Sentences for people: they say what drifted, how much, when it was found, and which images show it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from image_monitoring.comparison.quality import Shortfall
from image_monitoring.comparison.window import (
    EMBEDDING,
    RARE_VALUES,
    UNUSUAL_EMBEDDINGS,
    UNUSUAL_IMAGES,
    Evidence,
    Verdict,
)
from image_monitoring.contract import MESSAGE_MAX
from image_monitoring.measuring import scores
from image_monitoring.measuring.measurement import SAMPLE

SHOWN = 5
LEAST_P, LEAST_P_POWER = 1e-12, -12
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
COMPLETED, VIOLATED = "Completed", "CompletedWithViolations"


def drift_sentence(test: Evidence) -> str:
    """Describe one drift with its size, before its p-value."""
    return f"{difference(test)} ({size(test)}corrected p {p_text(test.corrected)})"


def difference(test: Evidence) -> str:
    """Describe what differs: shares of the images, never a difference of two shares, or else medians."""
    if test.family == EMBEDDING:
        return "the model's embeddings differ from those of the baseline"
    name = spaced(test.feature)
    if test.shares is not None and is_told_by_shares(test):
        return in_shares(test, name, *map(percent, test.shares))
    if test.before is None or test.after is None:
        return f"{name} moved"
    return f"{name} moved from {number(test.before)} to {number(test.after)}"


def in_shares(test: Evidence, name: str, before: str, after: str) -> str:
    if test.feature == scores.PREDICTED:
        return f"class {test.at:.0f} has {after} of the answers, instead of {before}"
    if test.family in (UNUSUAL_IMAGES, UNUSUAL_EMBEDDINGS):
        what = "look stranger" if test.family == UNUSUAL_IMAGES else "are stranger to the model"
        return (
            f"{after} of the images, instead of {before}, {what} than {name.partition('beyond ')[2]} of the baseline's"
        )
    if test.family == RARE_VALUES:
        feature, range_ = name.split(", ")
        return f"{after} of the images, instead of {before}, have a {feature} among the baseline's {range_}"
    return f"{name} is above {number(test.at or 0.0)} in {after} of the images, instead of {before}"


def is_told_by_shares(test: Evidence) -> bool:
    """Return whether the test counts images, or the medians, as they are written, do not show its difference."""
    if is_of_shares(test):
        return True
    return test.before is not None and test.after is not None and number(test.before) == number(test.after)


def is_of_shares(test: Evidence) -> bool:
    return test.feature == scores.PREDICTED or test.family in (RARE_VALUES, UNUSUAL_IMAGES, UNUSUAL_EMBEDDINGS)


def size(test: Evidence) -> str:
    """Describe the size of a difference that is not one of shares."""
    if test.family == EMBEDDING:
        return f"energy {test.effect:.3f}, "
    return "" if is_of_shares(test) else f"distance of the distributions {test.effect:.2f}, "


def spaced(feature: str) -> str:
    return feature.replace("_", " ").replace("%", " %")


def percent(share: float) -> str:
    value = 100 * share
    return f"{value:.0f} %" if value >= 10 or value == round(value) else f"{value:.1f} %"


def p_text(p: float) -> str:
    """Return a p-value with two digits at most, such as `0.0051` or `7.1·10⁻¹⁰`, as the pages write it."""
    if p < LEAST_P:
        return f"below {power_of_ten(LEAST_P_POWER)}"
    if p >= 0.001:
        return f"{p:.2g}"
    digits, power = f"{p:.1e}".split("e")
    digits = digits.removesuffix(".0")
    return power_of_ten(int(power)) if digits == "1" else f"{digits}·{power_of_ten(int(power))}"


def power_of_ten(power: int) -> str:
    return "10" + str(power).translate(SUPERSCRIPTS)


def number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def shortfall_sentence(shortfall: Shortfall) -> str:
    share = shortfall.share
    return (
        f"{shortfall.metric.replace('_', ' ')} is {share.value:.3f}, {share.hits} of {share.items}; the baseline's is "
        f"{shortfall.threshold:.3f} (corrected p {p_text(shortfall.p)})"
    )


def window_text(start: datetime | None, end: datetime | None) -> str:
    if start is None or end is None:
        return "all captured records"
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"


def summary(
    endpoint: str,
    verdict: Verdict | None,
    problems: Sequence[str],
    window: str,
    since: datetime | None = None,
    notes: Sequence[str] = (),
) -> str:
    """Return the whole message. Its first line can stand alone, as a subject or an exit message.

    problems: the sentences about violations, worst first. since: the start of the window in which a run found the first
    of them; the drift itself may have begun at any time in that window.
    """
    records = counted(verdict) if verdict else "records with ground truth"
    if problems:
        began = f", first found in the window from {since:%Y-%m-%d %H:%M} UTC" if since else ""
        what = f"{endpoint} has drifted" if verdict else f"The quality of {endpoint} is below the baseline's"
        head = f"{what}{began}: {problems[0]}."
    elif verdict and not verdict.is_conclusive:
        few = f"{counted(verdict)} are too few to compare with the baseline"
        head = f"{endpoint}: {few}; {verdict.minimum_records} are needed."
    else:
        head = f"{endpoint} has not drifted." if verdict else f"The quality of {endpoint} is not below the baseline's."
    lines = [head, f"Window: {window}, {records}."]
    lines += [f"Also: {problem}." for problem in problems[1:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"And {len(problems) - SHOWN} more, in constraint_violations.json.")
    if not problems and verdict and verdict.is_conclusive:
        lines.append(f"Distributions at least {verdict.visible_distance:.2f} apart would have been reported.")
    return "\n".join([*lines, *notes])


def counted(verdict: Verdict) -> str:
    """Return the number of records, and that of the different images among them if some came more than once."""
    if verdict.images in (verdict.records, SAMPLE):
        return f"{verdict.records} records"
    return f"{verdict.records} records of {verdict.images} different images"


def exit_message(message: str, has_violations: bool) -> str:
    """Return the job's exit message, in Model Monitor's form."""
    text = f"{VIOLATED}: {message}" if has_violations else f"{COMPLETED}: {message}"
    return text if len(text) <= MESSAGE_MAX else text[: MESSAGE_MAX - 1] + "…"
