"""The tests of two samples agree with SciPy's, and with the textbook where SciPy has none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from image_monitoring.comparison.two_sample import (
    Cloud,
    category_shares,
    energy_distance,
    kolmogorov_smirnov,
    more_often,
    rare,
    smallest_visible_distance,
    unusual,
)

GENERATOR = np.random.default_rng(7)


def test_the_distance_of_distributions_and_its_p_value_are_scipys() -> None:
    first, second = GENERATOR.normal(size=200), GENERATOR.normal(0.3, 1, 100)
    expected = stats.ks_2samp(first, second, method="asymp")
    result = kolmogorov_smirnov(first, second)
    assert (result.effect, result.p) == pytest.approx((expected.statistic, expected.pvalue))


def test_an_empty_sample_shows_nothing() -> None:
    assert kolmogorov_smirnov(np.array([]), np.array([1.0])).p == 1


def test_a_distance_at_the_visible_limit_is_just_significant() -> None:
    limit = smallest_visible_distance(200, 100, 0.01)
    assert stats.kstwo.sf(limit, 67) == pytest.approx(0.01)


def test_counting_hits_is_fishers_exact_test() -> None:
    expected = stats.fisher_exact([[9, 91], [4, 196]], alternative="greater").pvalue
    result = more_often(4, 200, 9, 100)
    assert result.p == pytest.approx(expected)
    assert result.effect == pytest.approx(0.07)


def test_shares_of_categories_that_moved_are_seen() -> None:
    assert category_shares(np.array([100, 100, 0]), np.array([90, 10, 0])).p < 1e-9
    assert category_shares(np.array([100, 100]), np.array([50, 50])).p == pytest.approx(1)


def test_vectors_of_another_distribution_have_an_energy_distance() -> None:
    first, same = GENERATOR.normal(size=(80, 4)), GENERATOR.normal(size=(60, 4))
    assert energy_distance(first, same + 1).p == pytest.approx(0.001)
    assert energy_distance(first, same).p > 0.01


def test_a_vectors_distance_is_that_from_the_others() -> None:
    vectors = GENERATOR.normal(size=(40, 3)) @ np.diag([1, 10, 0.1])
    others = np.delete(vectors, 5, axis=0)
    difference = vectors[5] - others.mean(0)
    expected = np.sqrt(difference @ np.linalg.inv(np.cov(others, rowvar=False)) @ difference)
    assert Cloud.of(vectors).distances[5] == pytest.approx(expected)


def test_a_tenth_of_the_rows_with_a_rare_value_is_seen_in_its_column_alone() -> None:
    reference, window = GENERATOR.normal(size=(1000, 3)), GENERATOR.normal(size=(100, 3))
    window[:10, 1] += 8
    results = rare(reference, window, 0.99)
    assert results[1].p < 1e-4
    assert results[1].effect == pytest.approx(0.1, abs=0.05)
    assert min(results[0].p, results[2].p) > 0.001


def test_an_empty_window_has_no_rare_values() -> None:
    assert [result.p for result in rare(np.ones((5, 2)), np.empty((0, 2)), 0.99)] == [1, 1]


def test_a_tenth_of_unusual_records_is_seen_although_the_rest_is_as_before() -> None:
    reference, window = GENERATOR.normal(size=1000), GENERATOR.normal(size=100)
    window[:10] += 8
    assert min(test.p for test in unusual(reference, window, (0.9, 0.97))) < 0.001
    assert min(test.p for test in unusual(reference, GENERATOR.normal(size=100), (0.9, 0.97))) > 0.01
