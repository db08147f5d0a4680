"""The findings of a comparison: each violation in its file, with the test that fired.

A feature can have several tests: one of its distribution, and one of each range of rare values. The analyzer names a
feature once, by the test of its distribution if that fired, and otherwise by the clearest test of its rare values. Its
report has a test of rare values only if that is the one that is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from console.aws.monitoring.features import meaning
from console.aws.monitoring.schedules import Violation
from console.aws.monitoring.workflow_monitor import Comparison
from display import figures
from display.drift_figures import RARE_VALUES

TESTED = ("baseline_drift_check", "categorical_values_check")
"""The checks of violations that a test has found. Others count missing images and answers."""


@dataclass(frozen=True)
class Finding:
    """A row: a violation and its test, or a test that shows no difference.

    A violation of completeness has no test, and then no numbers.
    """

    subject: str
    """The feature, without a range."""
    sentence: str = ""
    """The analyzer's words, without the p-value; empty for a test that shows no difference."""
    test: Comparison | None = None

    @property
    def name(self) -> str:
        return self.test.feature if self.test else self.subject

    @property
    def kind(self) -> str:
        """The family of the test and the meaning of the feature."""
        return ": ".join(filter(None, (self.test.family if self.test else "", meaning(self.subject))))

    @property
    def difference(self) -> str:
        """The size of the difference as its test measures it."""
        return self.test.figures.difference if self.test else figures.NONE

    @property
    def sides(self) -> tuple[str, str]:
        """The figures of the baseline and of the window."""
        return self.test.figures.sides if self.test else (figures.NONE, figures.NONE)


def findings(violations: Sequence[Violation], tests: Sequence[Comparison]) -> list[Finding]:
    """Return a row for each violation: those without a test first, then by the corrected p, the smallest first."""
    fired: dict[str, Comparison] = {}
    for test in tests:
        if test.subject not in fired or test.family == RARE_VALUES:
            fired[test.subject] = test
    rows = [
        Finding(each.feature, _sentence(each.description), fired.get(each.feature) if each.check in TESTED else None)
        for each in violations
    ]
    return sorted(rows, key=lambda row: (row.test.corrected_p, -row.test.distance) if row.test else (-1.0, 0.0))


def others(rows: Sequence[Finding], tests: Sequence[Comparison]) -> list[Finding]:
    """Return the tests that show no difference, the smallest corrected p first."""
    fired = {id(row.test) for row in rows}
    near = sorted((test for test in tests if id(test) not in fired), key=lambda test: test.corrected_p)
    return [Finding(test.subject, test=test) for test in near]


def _sentence(description: str) -> str:
    """Return the words before the figures in brackets, which have columns of their own."""
    words, bracket, figures_ = description.rpartition(" (")
    return words if bracket and figures_.endswith(")") and "corrected p" in figures_ else description
