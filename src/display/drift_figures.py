"""The figures of a test of the monitor, as the console and the report write them."""

from dataclasses import dataclass

from display import figures

RARE_VALUES = "rare values"
SHARES_OF_IMAGES = (RARE_VALUES, "unusual images", "unusual embeddings")
"""The families of tests that count images: the effect is how much larger their share is, in percentage points."""
ANSWERED_CLASS = "predicted_class"


@dataclass(frozen=True)
class DriftFigures:
    """The figures of one test, which compares a window with the baseline.

    before, after: the medians of baseline and window. shares: the parts of both in which they differ the most: the
    images above the value `at`, or those of the class `at`.
    """

    family: str
    feature: str
    distance: float
    before: float | None = None
    after: float | None = None
    shares: tuple[float, float] | None = None
    at: float | None = None

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
            f"{written} class {self.at:g}"
            if self.feature == ANSWERED_CLASS
            else f"{written} above {figures.number(self.at)}"
        )
