"""Sentences for people: they say what drifted, how much, since when, and which images show it."""

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
COMPLETED, VIOLATED = "Completed", "CompletedWithViolations"


def drift_sentence(test: Evidence) -> str:
    """Describe one drift with its size, before its p-value."""
    certainty = f"corrected p {p_text(test.corrected)}"
    if test.feature == scores.PREDICTED:
        return f"the shares of the answered classes changed by {test.effect:.0%} ({certainty})"
    if test.family in (UNUSUAL_IMAGES, UNUSUAL_EMBEDDINGS):
        what = "look" if test.family == UNUSUAL_IMAGES else "are to the model"
        return f"{test.effect:.0%} more of the images {what} unlike the baseline ({certainty})"
    if test.family == RARE_VALUES:
        name, range_ = spaced(test.feature).split(", ")
        return f"{test.effect:.0%} more of the images have a {name} among the baseline's {range_} ({certainty})"
    if test.family == EMBEDDING:
        return f"the model's embeddings differ from those of the baseline (energy {test.effect:.3f}, {certainty})"
    moved = ""
    if test.before is not None and test.after is not None:
        moved = f" from {number(test.before)} to {number(test.after)}"
    return f"{spaced(test.feature)} moved{moved} (distance of the distributions {test.effect:.2f}, {certainty})"


def spaced(feature: str) -> str:
    return feature.replace("_", " ")


def p_text(p: float) -> str:
    return f"{p:.1g}" if p >= 1e-12 else "below 1e-12"


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

    problems: the sentences about violations, worst first.
    """
    records = counted(verdict) if verdict else "records with ground truth"
    if problems:
        began = f" since {since:%Y-%m-%d %H:%M} UTC" if since else ""
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
