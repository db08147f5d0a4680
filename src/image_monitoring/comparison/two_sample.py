"""Tests of whether two samples come from one distribution: pure functions of arrays.

Each returns p-values and effects. Effects do not grow with the sample, so that a large window does not make a small
difference look important.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
PERMUTATIONS = 999
ROUNDING = 1e-9
VARIANCE_AT_LEAST = 1e-3  # below: directions in which correlated features do not differ


@dataclass(frozen=True)
class Comparison:
    """The result of one test. effect: from 0, no difference, to 1, no overlap.

    shares: the parts of the reference and of the window in which the difference is the largest: those above the value
    `at`, those of the category `at`, or those that exceed a quantile of the reference.
    """

    p: float
    effect: float
    shares: tuple[float, float] | None = None
    at: float | None = None


def effective_size(first: int, second: int) -> float:
    return first * second / (first + second)


def kolmogorov_smirnov(reference: Floats, window: Floats) -> Comparison:
    """Compare two samples of numbers. The effect is the largest distance of their distribution functions.

    The p-value is that of the one-sample distribution at the effective size, as in SciPy's asymptotic mode. Ties,
    which many image statistics have, make it too large rather than too small.
    """
    if len(reference) == 0 or len(window) == 0:
        return Comparison(1.0, 0.0)
    first, second = np.sort(reference), np.sort(window)
    both = np.concatenate([first, second])
    below = [np.searchsorted(sample, both, "right") / len(sample) for sample in (first, second)]
    distances = np.abs(below[0] - below[1])
    place = int(distances.argmax())
    distance = float(distances[place])
    size = max(1, round(effective_size(len(first), len(second))))
    shares = float(1 - below[0][place]), float(1 - below[1][place])
    return Comparison(float(stats.kstwo.sf(distance, size)), distance, shares, float(both[place]))


def smallest_visible_distance(reference: int, window: int, alpha: float) -> float:
    """Return the smallest distance of two distributions that a Kolmogorov-Smirnov test of these sizes can detect."""
    return float(stats.kstwo.isf(alpha, max(1, round(effective_size(reference, window)))))


def category_shares(reference: npt.NDArray[np.int64], window: npt.NDArray[np.int64]) -> Comparison:
    """Compare the shares of categories, by the G-test. The effect is the total variation distance of the shares.

    Shape of both: categories. Categories that neither sample has are left out.
    """
    kept = np.flatnonzero(reference + window)
    table = np.stack([reference, window])[:, kept]
    if table.shape[1] < 2 or not table.sum(1).all():
        return Comparison(1.0, 0.0)
    shares = table / table.sum(1, keepdims=True)
    changes = np.abs(shares[0] - shares[1])
    most = int(changes.argmax())
    # by position: AWS's image has SciPy 1.8, whose result has no names
    p = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")[1]
    return Comparison(
        float(p), float(changes.sum() / 2), (float(shares[0, most]), float(shares[1, most])), float(kept[most])
    )


def more_often(reference_hits: int, reference: int, window_hits: int, window: int) -> Comparison:
    """Test whether something happens more often in the window, by Fisher's exact test. The effect is the excess."""
    if not reference or not window:
        return Comparison(1.0, 0.0)
    hits = reference_hits + window_hits
    p = stats.hypergeom.sf(window_hits - 1, reference + window, hits, window)
    shares = reference_hits / reference, window_hits / window
    return Comparison(float(p), max(0.0, shares[1] - shares[0]), shares)


def energy_distance(reference: Floats, window: Floats, seed: int = 0) -> Comparison:
    """Compare two samples of vectors by the energy distance, with a permutation test (Szekely and Rizzo, 2013).

    The effect is the energy coefficient: the distance relative to its largest possible value, from 0 to 1.
    Shape of both: vectors, dimensions.
    """
    both = np.concatenate([reference, window]).astype(np.float32)
    squares = np.einsum("ij,ij->i", both, both)
    distances = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * both @ both.T, 0))
    labels = np.zeros(len(both), np.float32)
    labels[len(reference) :] = 1
    generator = np.random.default_rng(seed)
    permuted = np.stack([labels, *(generator.permutation(labels) for _ in range(PERMUTATIONS))])
    energies, scale = _energies(distances, permuted, len(reference), len(window))
    p = float(np.mean(energies >= energies[0] - ROUNDING))
    return Comparison(p, float(max(0.0, energies[0]) / scale) if scale > 0 else 0.0)


def _energies(distances: Floats, labels: Floats, first: int, second: int) -> tuple[Floats, float]:
    """Return the energy distance for each row of labels, and twice the mean distance between the first row's groups."""
    to_second = labels @ distances
    total = distances.sum(dtype=np.float64)
    within_second = np.einsum("ij,ij->i", to_second, labels).astype(np.float64)
    crossed = to_second.sum(1, dtype=np.float64) - within_second
    within_first = total - within_second - 2 * crossed
    between = 2 * crossed / (first * second)
    return between - within_first / first**2 - within_second / second**2, float(between[0])


def rare(reference: Floats, window: Floats, quantile: float) -> list[Comparison]:
    """Test for each column whether the window exceeds the reference's quantile more often than the reference does.

    Shape of both: rows, columns.
    """
    if not len(reference) or not len(window):
        return [Comparison(1.0, 0.0)] * reference.shape[1]
    limits = np.quantile(reference, quantile, axis=0, method="higher")
    hits = zip((reference > limits).sum(0).tolist(), (window > limits).sum(0).tolist())
    sizes = len(reference), len(window)
    # Fisher's test takes most of the time, so it is left out where the window cannot show anything.
    return [
        more_often(first, sizes[0], second, sizes[1]) if second * sizes[0] > first * sizes[1] else Comparison(1.0, 0.0)
        for first, second in hits
    ]


# ---- unusual records: a few of them stand out although they hardly change the distributions ----


@dataclass(frozen=True)
class Cloud:
    """The reference's center and spread, and how far each of its own vectors lies from the rest of it."""

    center: Floats
    whitening: Floats  # dimensions, kept dimensions
    distances: Floats

    @classmethod
    def of(cls, reference: Floats) -> Cloud:
        center, count = reference.mean(0), len(reference)
        deviation = reference.std(0, ddof=1)
        scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 0)
        scaled = (reference - center) * scale
        values, vectors = np.linalg.eigh(scaled.T @ scaled / (count - 1))
        kept = values > VARIANCE_AT_LEAST
        whitening = scale[:, None] * vectors[:, kept] / np.sqrt(values[kept])
        squares = (((reference - center) @ whitening) ** 2).sum(1)
        # Mahalanobis distance from the other vectors: those of the window were not part of the estimate, either.
        rest = np.maximum(1 - count * squares / (count - 1) ** 2, 1e-6)
        left_out = squares * (count / (count - 1)) ** 2 * (count - 2) / (count - 1) / rest
        return cls(center, whitening, np.sqrt(left_out))

    def distance(self, vectors: Floats) -> Floats:
        result: Floats = np.sqrt((((vectors - self.center) @ self.whitening) ** 2).sum(1))
        return result


def unusual(reference: Floats, window: Floats, quantiles: tuple[float, ...]) -> list[Comparison]:
    """Test for each quantile of the reference's distances whether the window exceeds it more often."""
    results = []
    for quantile in quantiles:
        limit = np.quantile(reference, quantile, method="higher")
        hits = int((reference > limit).sum()), int((window > limit).sum())
        results.append(more_often(hits[0], len(reference), hits[1], len(window)))
    return results
