"""Windows are compared with their baseline: drifts are found, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.image_monitoring.pictures import BEGAN, answers, pictures, png

from image_monitoring.comparison.window import MINIMUM_EFFECT, Evidence, Samples, drifted, run_tests
from image_monitoring.measuring.image_statistics import NAMES
from image_monitoring.measuring.measurement import Measurement
from image_monitoring.reading.capture import Record


def samples(count: int, seed: int, brightness: float = 1.0) -> Samples:
    measured = Measurement(2)
    pairs = zip(pictures(count, seed, brightness), answers(count, seed), strict=True)
    measured.add_all(
        Record(str(at), None, BEGAN, png(image), tuple(answer)) for at, (image, answer) in enumerate(pairs)
    )
    values = {name: measured.table([name])[:, 0] for name in (*NAMES, "confidence", "probability_0")}
    return Samples(values, measured.class_counts, None)


REFERENCE = samples(300, 1)


def found(window: Samples) -> list[str]:
    return [test.feature for test in drifted(run_tests(REFERENCE, window), 0.05, MINIMUM_EFFECT)]


def test_a_window_of_the_same_kind_has_not_drifted() -> None:
    assert [found(samples(60, seed)) for seed in range(20, 25)] == [[]] * 5


def test_a_dark_window_has_drifted_and_its_brightness_is_named() -> None:
    assert "brightness" in found(samples(60, 9, brightness=0.5))


def test_a_p_value_is_corrected_for_its_family_and_for_the_families() -> None:
    tests = run_tests(REFERENCE, samples(60, 9, brightness=0.5))
    families = {test.family for test in tests}
    pixels = [test for test in tests if test.family == "pixels"]
    assert len(families) == 3
    assert all(test.corrected == pytest.approx(min(1, test.p * len(pixels) * 3)) for test in pixels)


def test_a_significant_but_small_effect_is_no_drift() -> None:
    small = Evidence("pixels", "brightness", 1e-9, 0.03, corrected=1e-7)
    large = Evidence("pixels", "contrast", 1e-9, 0.3, corrected=1e-7)
    assert drifted((small, large), 0.05, 0.05) == (large,)


def test_a_class_that_is_no_longer_answered_has_drifted() -> None:
    window = samples(60, 3)
    assert "predicted_class" in found(Samples(window.values, np.array([60, 0]), None))
