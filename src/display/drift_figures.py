"""The figures of a test of the monitor, as the console and the report write them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from display import figures

RARE_VALUES = "rare values"
SHARES_OF_IMAGES = (RARE_VALUES, "unusual images", "unusual embeddings")
"""The families of tests that count images: the effect is how much larger their share is, in percentage points."""
ANSWERED_CLASS = "predicted_class"
NUMBERED = re.compile(r"\bclass (\d+)\b")
PROBABILITY = re.compile(r"\bprobability([_ ])(\d+)\b")


def with_class_names(text: str, classes: Sequence[str]) -> str:
    """Return a sentence, or the name of a feature, with the names of classes instead of their numbers.

    `class 0` becomes `bicycle`, and `probability_0` becomes `probability_of_bicycle`. The monitor knows numbers only.
    """

    def name(match: re.Match[str]) -> str:
        return classes[int(match[1])] if int(match[1]) < len(classes) else match[0]

    def probability(match: re.Match[str]) -> str:
        gap, number = match[1], int(match[2])
        return f"probability{gap}of{gap}{classes[number]}" if number < len(classes) else match[0]

    return PROBABILITY.sub(probability, NUMBERED.sub(name, text))


@dataclass(frozen=True)
class DriftFigures:
    """The figures of one test, which compares a window with the baseline.

    before, after: the medians of baseline and window. shares: the parts of both in which they differ the most: the
    images above the value `at`, or those of the class `at`, which has its name if `classes` has it.
    """

    family: str
    feature: str
    distance: float
    before: float | None = None
    after: float | None = None
    shares: tuple[float, float] | None = None
    at: float | None = None
    classes: tuple[str, ...] = ()

    @property
    def sides(self) -> tuple[str, str]:
        """Baseline and window: the medians if they show a difference, otherwise the shares that do."""
        medians = figures.number(self.before), figures.number(self.after)
        if self.shares is None or medians[0] != medians[1] or not self.distance:
            return medians
        return self._share(self.shares[0]), self._share(self.shares[1])

    @property
    def difference(self) -> str:
        """The size of the difference as its test measures it: `+32.1 points`, or a distance from 0 to 1."""
        is_of_shares = self.family in SHARES_OF_IMAGES or self.feature == ANSWERED_CLASS
        return figures.points(self.distance) if is_of_shares else figures.number(self.distance)

    def _share(self, share: float) -> str:
        written = figures.share(share, 1)
        if self.at is None:
            return written
        return (
            f"{written} {with_class_names(f'class {self.at:g}', self.classes)}"
            if self.feature == ANSWERED_CLASS
            else f"{written} above {figures.number(self.at)}"
        )
