"""The model's quality on records that have ground truth: accuracy, precision, recall, calibration, by day.

In a small window a lower share may be chance: 9 of 10 right answers do not show that a model is worse than .93. So a
metric violates its constraint only if the shortfall is significant, by Fisher's exact test against the baseline's own
counts if they are known, else by the binomial test against the threshold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scipy import stats

from image_monitoring.comparison.two_sample import more_often
from image_monitoring.reading.capture import Record

CALIBRATION_BINS = 10
BELOW = "LessThanThreshold"
SIGNIFICANCE, MINIMUM_SHORTFALL = 0.05, 0.05


@dataclass(frozen=True)
class Share:
    """A share, kept as counts, because tests depend on the number of items."""

    hits: int
    items: int

    @property
    def value(self) -> float:
        return self.hits / self.items if self.items else float("nan")

    @property
    def deviation(self) -> float:
        """Standard deviation of the value."""
        return (self.value * (1 - self.value) / self.items) ** 0.5 if self.items else float("nan")


@dataclass
class Confusion:
    """Counts of label and prediction, both class indices."""

    counts: Counter[tuple[int, int]] = field(default_factory=Counter)

    @property
    def labels(self) -> list[int]:
        return sorted({index for pair in self.counts for index in pair})

    @property
    def items(self) -> int:
        return sum(self.counts.values())

    @property
    def accuracy(self) -> Share:
        return Share(sum(count for (label, answer), count in self.counts.items() if label == answer), self.items)

    def recall(self, label: int) -> Share:
        of_label = sum(count for (true, _), count in self.counts.items() if true == label)
        return Share(self.counts[label, label], of_label)

    def precision(self, label: int) -> Share:
        answered = sum(count for (_, answer), count in self.counts.items() if answer == label)
        return Share(self.counts[label, label], answered)

    def matrix(self) -> dict[str, dict[str, int]]:
        return {str(row): {str(column): self.counts[row, column] for column in self.labels} for row in self.labels}


@dataclass
class Quality:
    """The counts of the labeled records so far.

    label_names: class indices by label text, for ground truth that has names.
    """

    label_names: Mapping[str, int] = field(default_factory=dict)
    confusion: Confusion = field(default_factory=Confusion)
    days: dict[str, Confusion] = field(default_factory=dict)
    bins: dict[int, list[float]] = field(default_factory=dict)  # count, right answers, sum of the confidences
    unknown_labels: int = 0

    def add(self, record: Record, label_text: str | None = None) -> None:
        """Count a record with its label. One without a label or without probabilities is not counted."""
        text = record.label if label_text is None else label_text
        if text is None or not record.probabilities:
            return
        label = self.label_of(text)
        if label is None or label >= len(record.probabilities):
            self.unknown_labels += 1
            return
        confidence = max(record.probabilities)
        answer = record.probabilities.index(confidence)
        self.confusion.counts[label, answer] += 1
        self.days.setdefault(record.time.date().isoformat(), Confusion()).counts[label, answer] += 1
        bin_ = self.bins.setdefault(min(int(confidence * CALIBRATION_BINS), CALIBRATION_BINS - 1), [0, 0.0, 0.0])
        bin_[0] += 1
        bin_[1] += label == answer
        bin_[2] += confidence

    def label_of(self, text: str) -> int | None:
        if text in self.label_names:
            return self.label_names[text]
        try:
            value = float(text)
        except ValueError:
            return None
        return int(value) if value >= 0 and value.is_integer() else None

    @property
    def calibration_error(self) -> float:
        """Return the expected calibration error: mean distance of confidence and accuracy, by bins of confidence."""
        total = self.confusion.items
        return sum(abs(right - confidence) for _, right, confidence in self.bins.values()) / total if total else 0.0


def metrics(confusion: Confusion) -> dict[str, Share]:
    """Return the metrics that have constraints. Precision and recall are those of each class."""
    shares = {"accuracy": confusion.accuracy}
    for label in confusion.labels:
        shares[f"precision_{label}"], shares[f"recall_{label}"] = confusion.precision(label), confusion.recall(label)
    return {name: share for name, share in shares.items() if share.items}


def statistics_of(quality: Quality) -> dict[str, Any]:
    """Return the section of `statistics.json`: Model Monitor's names, and this analyzer's calibration and days."""
    confusion = quality.confusion
    if not confusion.items:
        return {}
    labels = confusion.labels
    weights = {label: confusion.recall(label).items / confusion.items for label in labels}
    section = {
        "confusion_matrix": confusion.matrix(),
        "accuracy": described(confusion.accuracy),
        "weighted_recall": weighted({label: confusion.recall(label) for label in labels}, weights),
        "weighted_precision": weighted({label: confusion.precision(label) for label in labels}, weights),
        **{name: described(share) for name, share in metrics(confusion).items() if name != "accuracy"},
        "calibration": {"expected_calibration_error": quality.calibration_error, "bins": calibration(quality)},
        "by_day": {day: day_of(counts) for day, counts in sorted(quality.days.items())},
        "unknown_labels": quality.unknown_labels,
    }
    return {"multiclass_classification_metrics": section}


def described(share: Share) -> dict[str, Any]:
    return {"value": share.value, "standard_deviation": share.deviation, "items": share.items, "hits": share.hits}


def weighted(shares: Mapping[int, Share], weights: Mapping[int, float]) -> dict[str, Any]:
    present = {label: share for label, share in shares.items() if share.items}
    value = sum(share.value * weights[label] for label, share in present.items())
    variance = sum((share.deviation * weights[label]) ** 2 for label, share in present.items())
    return {"value": value, "standard_deviation": variance**0.5}


def calibration(quality: Quality) -> list[dict[str, float]]:
    return [
        {
            "lower_bound": index / CALIBRATION_BINS,
            "upper_bound": (index + 1) / CALIBRATION_BINS,
            "count": count,
            "confidence": confidence / count,
            "accuracy": right / count,
        }
        for index, (count, right, confidence) in sorted(quality.bins.items())
    ]


def day_of(confusion: Confusion) -> dict[str, Any]:
    shares = metrics(confusion)
    return {"items": confusion.items, **{name: share.value for name, share in shares.items()}}


def constraints_of(quality: Quality) -> dict[str, Any]:
    """Return the section of `constraints.json`. As in Model Monitor, the baseline's own values are the thresholds."""
    shares = metrics(quality.confusion)
    if not shares:
        return {}
    thresholds = {
        name: {"threshold": share.value, "comparison_operator": BELOW, "baseline_items": share.items}
        for name, share in shares.items()
    }
    return {"multiclass_classification_constraints": thresholds}


@dataclass(frozen=True)
class Shortfall:
    """A metric below its threshold. p: corrected for the number of metrics."""

    metric: str
    share: Share
    threshold: float
    p: float


def shortfalls(
    quality: Quality,
    constraints: Mapping[str, Any],
    significance: float = SIGNIFICANCE,
    minimum: float = MINIMUM_SHORTFALL,
) -> list[Shortfall]:
    """Return the metrics that are significantly below their thresholds, by at least `minimum`."""
    section = constraints.get("multiclass_classification_constraints") or {}
    shares = metrics(quality.confusion)
    tested = [name for name in section if name in shares and section[name].get("comparison_operator") == BELOW]
    results = []
    for name in tested:
        threshold = float(section[name]["threshold"])
        p = min(1.0, len(tested) * shortfall_p(shares[name], threshold, int(section[name].get("baseline_items", 0))))
        if p < significance and threshold - shares[name].value >= minimum:
            results.append(Shortfall(name, shares[name], threshold, p))
    return sorted(results, key=lambda shortfall: shortfall.p)


def shortfall_p(share: Share, threshold: float, baseline_items: int) -> float:
    """Return the chance of a share this low if nothing had changed."""
    if baseline_items:
        misses = round((1 - threshold) * baseline_items)
        return more_often(misses, baseline_items, share.items - share.hits, share.items).p
    return float(stats.binom.cdf(share.hits, share.items, threshold))
