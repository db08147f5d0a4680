"""Compare a window with its baseline: seven families of tests, and one verdict over all of them.

Each family looks for another kind of change, and none of them finds all changes. Scores alone miss images that are
gray, dark or noisy; pixels alone miss another object; if a tenth of the images is broken, distributions hardly change,
but the broken images are unusual records, or have a value that is rare in the baseline. The p-value of a test is
multiplied by the number of tests in its family, and by the number of families (Bonferroni). If baseline and traffic
come from one distribution, the chance of a false alarm in a window is then below the significance level, over all
baselines. But one baseline judges many windows: if its few hundred images differ by chance from what comes later, many
of its windows alarm. So the level is .01 instead of the usual .05: at .05 an unlucky baseline raised false alarms in a
sixth of its windows (docs/monitoring.md).

A significant difference counts only if its effect reaches `minimum_effect`, because in a window of a hundred thousand
records every difference is significant. The energy distance has a scale of its own and no minimum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from image_monitoring.comparison.reference import Embedding, Reference
from image_monitoring.comparison.two_sample import (
    Cloud,
    Comparison,
    category_shares,
    energy_distance,
    kolmogorov_smirnov,
    rare,
    smallest_visible_distance,
    unusual,
)
from image_monitoring.measuring import image_statistics, scores
from image_monitoring.measuring.measurement import SAMPLE, Measurement
from image_monitoring.measuring.sampling import Floats

ANSWERS, PIXELS, RARE_VALUES, UNUSUAL_IMAGES = "answers", "pixels", "rare values", "unusual images"
AXES, EMBEDDING, UNUSUAL_EMBEDDINGS = "embedding axes", "embedding", "unusual embeddings"
FAMILIES = (ANSWERS, PIXELS, RARE_VALUES, UNUSUAL_IMAGES, AXES, EMBEDDING, UNUSUAL_EMBEDDINGS)
SIGNIFICANCE, MINIMUM_EFFECT, MINIMUM_RECORDS = 0.01, 0.05, 10
QUANTILES, RARE_QUANTILES = (0.9, 0.97), (0.97, 0.99)
CLOUD_ROWS_PER_DIMENSION = 4


@dataclass(frozen=True)
class Evidence:
    """The result of one test.

    corrected: the p-value for all tests of the window together. before, after: medians, of tests of a distribution.
    shares, at: the parts of baseline and window that differ the most, as in `two_sample.Comparison`.
    """

    family: str
    feature: str
    p: float
    effect: float
    corrected: float = 1.0
    before: float | None = None
    after: float | None = None
    shares: tuple[float, float] | None = None
    at: float | None = None

    @property
    def subject(self) -> str:
        """Return the feature itself: a test of rare values also names the range."""
        return self.feature.split(",")[0] if self.family == RARE_VALUES else self.feature


@dataclass(frozen=True)
class Verdict:
    """The result of a window.

    drifted: tests that show a drift, clearest first. visible_distance: the smallest distance of two distributions that
    this window can show. unusual: places in the sample of the records that are furthest from the baseline.
    images: the different images among the records, each of which the tests count once. minimum_records: a window with
    fewer records, or fewer different images, gets no verdict.
    """

    records: int
    images: int
    tests: tuple[Evidence, ...]
    drifted: tuple[Evidence, ...]
    is_conclusive: bool
    visible_distance: float
    unusual: tuple[int, ...]
    minimum_records: int = MINIMUM_RECORDS


@dataclass(frozen=True)
class Samples:
    """One sample as the tests take it: values of features by name, counts of classes, coordinates of embeddings."""

    values: dict[str, Floats]
    class_counts: npt.NDArray[np.int64]
    embedding: Floats | None

    def column(self, name: str) -> Floats:
        values = self.values.get(name, np.empty(0))
        return values[~np.isnan(values)]

    def table(self, names: tuple[str, ...]) -> Floats:
        """Return the rows that have all of the features. Shape: rows, features."""
        rows = np.column_stack([self.values[name] for name in names])
        return rows[~np.isnan(rows).any(1)]


def reference_samples(reference: Reference) -> Samples:
    counts = np.array([reference.class_counts[name] for name in sorted(reference.class_counts, key=int)])
    embedding = reference.embedding.values if reference.embedding else None
    return Samples(dict(reference.values), counts, embedding)


def window_samples(measurement: Measurement, embedding: Embedding | None) -> Samples:
    values = {name: measurement.table([name])[:, 0] for name in measurement.columns if name != scores.PREDICTED}
    _, embeddings = measurement.embeddings()
    coordinates = embedding.project(embeddings) if embedding is not None and len(embeddings) else None
    return Samples(values, measurement.sampled_class_counts, coordinates)


# ---- the families: each returns its tests with uncorrected p-values ----


def answers(reference: Samples, window: Samples) -> list[Evidence]:
    names = [name for name in reference.values if name == scores.CONFIDENCE or name.startswith(scores.PROBABILITY)]
    tests = [compared(ANSWERS, name, reference.column(name), window.column(name)) for name in names]
    if len(reference.class_counts) == len(window.class_counts) > 1 and reference.class_counts.sum():
        tests.append(named(ANSWERS, scores.PREDICTED, category_shares(reference.class_counts, window.class_counts)))
    return tests


def pixels(reference: Samples, window: Samples) -> list[Evidence]:
    names = [name for name in image_statistics.NAMES if name in reference.values]
    return [compared(PIXELS, name, reference.column(name), window.column(name)) for name in names]


def compared(family: str, name: str, reference: Floats, window: Floats) -> Evidence:
    before, after = (float(np.median(values)) if len(values) else None for values in (reference, window))
    return replace(named(family, name, kolmogorov_smirnov(reference, window)), before=before, after=after)


def rare_values(reference: Samples, window: Samples) -> list[Evidence]:
    """Test on both sides of each image statistic whether more images have a value that is rare in the baseline."""
    names = tuple(name for name in image_statistics.NAMES if name in reference.values)
    if not names:
        return []
    first, second = reference.table(names), window.table(names)
    tests = []
    for side, sign in (("highest", 1), ("lowest", -1)):
        for quantile in RARE_QUANTILES:
            results = rare(sign * first, sign * second, quantile)
            range_ = f"{side} {1 - quantile:.0%}"
            tests += [named(RARE_VALUES, f"{name}, {range_}", result) for name, result in zip(names, results)]
    return tests


def unusual_images(reference: Samples, window: Samples) -> list[Evidence]:
    names = tuple(name for name in image_statistics.STATISTICS if name in reference.values)
    return exceeding(UNUSUAL_IMAGES, reference.table(names), window.table(names)) if names else []


def embedding_axes(reference: Samples, window: Samples) -> list[Evidence]:
    if reference.embedding is None or window.embedding is None:
        return []
    pairs = zip(reference.embedding.T, window.embedding.T)
    return [compared(AXES, f"embedding_{axis}", first, second) for axis, (first, second) in enumerate(pairs)]


def whole_embedding(reference: Samples, window: Samples) -> list[Evidence]:
    if reference.embedding is None or window.embedding is None:
        return []
    return [named(EMBEDDING, "embedding", energy_distance(reference.embedding, window.embedding))]


def unusual_embeddings(reference: Samples, window: Samples) -> list[Evidence]:
    if reference.embedding is None or window.embedding is None:
        return []
    return exceeding(UNUSUAL_EMBEDDINGS, reference.embedding, window.embedding)


def exceeding(family: str, reference: Floats, window: Floats) -> list[Evidence]:
    if len(reference) < CLOUD_ROWS_PER_DIMENSION * reference.shape[1] or not len(window):
        return []
    cloud = Cloud.of(reference)
    results = unusual(cloud.distances, cloud.distance(window), QUANTILES)
    return [named(family, f"{family}, beyond {quantile:.0%}", result) for quantile, result in zip(QUANTILES, results)]


def named(family: str, feature: str, comparison: Comparison) -> Evidence:
    shares, at = comparison.shares, comparison.at
    return Evidence(family, feature, comparison.p, comparison.effect, shares=shares, at=at)


TESTS: dict[str, Callable[[Samples, Samples], list[Evidence]]] = {
    ANSWERS: answers,
    PIXELS: pixels,
    RARE_VALUES: rare_values,
    UNUSUAL_IMAGES: unusual_images,
    AXES: embedding_axes,
    EMBEDDING: whole_embedding,
    UNUSUAL_EMBEDDINGS: unusual_embeddings,
}


# ---- the verdict ----


def run_tests(reference: Samples, window: Samples) -> tuple[Evidence, ...]:
    """Run all families that the samples allow, and correct their p-values."""
    families = [tests for family in TESTS.values() if (tests := family(reference, window))]
    return tuple(
        replace(test, corrected=min(1.0, test.p * len(tests) * len(families))) for tests in families for test in tests
    )


def is_large(test: Evidence, minimum_effect: float) -> bool:
    """Return whether the effect is large enough for a drift. The energy distance has no minimum."""
    return test.effect >= minimum_effect or test.family == EMBEDDING


def drifted(tests: tuple[Evidence, ...], significance: float, minimum_effect: float) -> tuple[Evidence, ...]:
    """Return the tests that show a drift, clearest first.

    Rare values of a feature are left out if its distribution has drifted, too, which says more; otherwise the clearest
    test of them is kept.
    """
    shown = [test for test in tests if test.corrected < significance and is_large(test, minimum_effect)]
    shown.sort(key=lambda test: (test.family == RARE_VALUES, test.p, -test.effect))
    first_of_subject = {test.subject: test for test in reversed(shown)}.values()
    return tuple(sorted(first_of_subject, key=lambda test: (test.p, -test.effect)))


def judge(reference: Reference, measurement: Measurement) -> Verdict:
    """Compare a window with its baseline."""
    significance = reference.setting("significance_level", SIGNIFICANCE)
    first, second = reference_samples(reference), window_samples(measurement, reference.embedding)
    minimum = int(reference.setting("minimum_records", MINIMUM_RECORDS))
    is_conclusive = measurement.records >= minimum and measurement.images >= min(minimum, SAMPLE)
    tests = run_tests(first, second) if is_conclusive else ()
    compared_tests = tuple(test for test in tests if reference.compares(test.subject))
    shown = drifted(compared_tests, significance, reference.setting("minimum_effect", MINIMUM_EFFECT))
    correction = max(1.0, len(TESTS) * float(len(image_statistics.NAMES)))
    size = max(1, len(first.column(image_statistics.NAMES[0])))
    visible = smallest_visible_distance(size, max(1, len(measurement.identities)), significance / correction)
    unusual_places = most_unusual(first, measurement)
    return Verdict(
        measurement.records, measurement.images, tests, shown, is_conclusive, visible, unusual_places, minimum
    )


def most_unusual(reference: Samples, measurement: Measurement, count: int = 3) -> tuple[int, ...]:
    """Return the places in the window's sample of the images whose pixels are furthest from the baseline."""
    names = tuple(name for name in image_statistics.STATISTICS if name in reference.values)
    rows = measurement.table(names)
    known = reference.table(names)
    if len(known) <= len(names) or not len(rows):
        return tuple(range(min(count, len(rows))))
    distances = np.nan_to_num(Cloud.of(known).distance(rows), nan=np.inf)
    return tuple(int(place) for place in np.argsort(-distances)[:count])
