"""Running statistics equal those of the whole, and the sample is uniform."""

from __future__ import annotations

import numpy as np
import pytest

from image_monitoring.measuring.sampling import Moments, Reservoir

ROWS = np.random.default_rng(3).normal(100, 2, (500, 3))


def test_moments_of_parts_are_those_of_the_whole() -> None:
    rows = ROWS.copy()
    rows[::7, 1] = np.nan
    moments = Moments(3)
    for start in range(0, 500, 130):
        moments.add(rows[start : start + 130])
    assert moments.mean == pytest.approx(np.nanmean(rows, 0))
    assert moments.deviation == pytest.approx(np.nanstd(rows, 0))
    assert moments.low == pytest.approx(np.nanmin(rows, 0))
    assert moments.high == pytest.approx(np.nanmax(rows, 0))
    assert moments.missing.tolist() == [0, 72, 0]


def test_a_reservoir_keeps_each_item_with_the_same_chance() -> None:
    kept = np.zeros(100)
    for seed in range(400):
        reservoir, places = Reservoir(10, seed), {}
        for item in range(100):
            if (place := reservoir.place()) is not None:
                places[place] = item
        kept[list(places.values())] += 1
        assert len(reservoir) == len(places) == 10
    assert kept.mean() == 40
    assert kept[:50].mean() == pytest.approx(kept[50:].mean(), rel=0.1)
