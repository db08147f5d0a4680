"""Windows are compared with their baseline: drifts are found, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.image_monitoring.pictures import BEGAN, answers, pictures, png

from image_monitoring.comparison.window import (
    MINIMUM_EFFECT,
    PIXELS,
    RARE_VALUES,
    Evidence,
    Samples,
    Verdict,
    drifted,
    run_tests,
)
from image_monitoring.measuring.image_statistics import NAMES
from image_monitoring.measuring.measurement import Measurement
from image_monitoring.measuring.sampling import Floats
from image_monitoring.reading.capture import Record
from image_monitoring.reporting.documents import drift_violation, report_document
from image_monitoring.reporting.explanation import drift_sentence


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
    assert len(families) == 4
    assert all(test.corrected == pytest.approx(min(1, test.p * len(pixels) * 4)) for test in pixels)


def test_a_significant_but_small_effect_is_no_drift() -> None:
    small = Evidence("pixels", "brightness", 1e-9, 0.03, corrected=1e-7)
    large = Evidence("pixels", "contrast", 1e-9, 0.3, corrected=1e-7)
    assert drifted((small, large), 0.05, 0.05) == (large,)


def drifted_noise(window: Floats) -> list[Evidence]:
    """Return the drifts of a window that has the values of one image statistic only."""
    no_answers = np.zeros(0, np.int64)
    first = Samples({"noise": np.random.default_rng(1).normal(size=1000)}, no_answers, None)
    tests = run_tests(first, Samples({"noise": window}, no_answers, None))
    return [test for test in drifted(tests, 0.01, MINIMUM_EFFECT) if test.subject == "noise"]


def test_a_tenth_of_the_images_with_a_rare_value_has_drifted_and_is_reported_once() -> None:
    window = np.random.default_rng(2).normal(size=100)
    window[:10] += 8
    assert [test.feature for test in drifted_noise(window)] == ["noise, highest 1%"]


def test_rare_values_of_a_feature_whose_distribution_has_drifted_are_left_out() -> None:
    window = np.random.default_rng(2).normal(size=100) + 3
    assert [test.family for test in drifted_noise(window)] == ["pixels"]


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        (
            Evidence(RARE_VALUES, "color_noise, highest 1%", 1e-8, 0.09, 1e-5, shares=(0.01, 0.1)),
            "10 % of the images, instead of 1 %, have a color noise among the baseline's highest 1 % "
            "(corrected p 10⁻⁵)",
        ),
        (
            Evidence("unusual images", "unusual images, beyond 97%", 1e-20, 0.3208, 1e-18, shares=(0.029, 0.35)),
            "35 % of the images, instead of 2.9 %, look stranger than 97 % of the baseline's (corrected p below 10⁻¹²)",
        ),
        (
            Evidence("answers", "predicted_class", 1e-8, 0.3, 0.00012, shares=(0.5, 0.8), at=1.0),
            "class 1 has 80 % of the answers, instead of 50 % (corrected p 1.2·10⁻⁴)",
        ),
        (
            Evidence(PIXELS, "brightness", 1e-8, 0.3, 0.0051, 142.1, 128.3, (0.6, 0.3), 130.0),
            "brightness moved from 142 to 128 (distance of the distributions 0.30, corrected p 0.0051)",
        ),
        (
            Evidence(PIXELS, "flatness", 1e-8, 0.34, 7.1e-10, 0.0, 0.0, (0.12, 0.46), 0.003),
            "flatness is above 0.003 in 46 % of the images, instead of 12 % "
            "(distance of the distributions 0.34, corrected p 7.1·10⁻¹⁰)",
        ),
    ],
    ids=lambda value: value.feature if isinstance(value, Evidence) else "",
)
def test_a_sentence_has_the_figures_that_changed(test: Evidence, sentence: str) -> None:
    assert drift_sentence(test) == sentence


def test_a_feature_whose_median_stays_has_the_shares_that_moved() -> None:
    generator = np.random.default_rng(4)
    window = np.where(generator.uniform(size=100) < 0.4, generator.uniform(0.1, 0.2, 100), 0.0)
    no_answers = np.zeros(0, np.int64)
    tests = run_tests(
        Samples({"flatness": np.zeros(500)}, no_answers, None), Samples({"flatness": window}, no_answers, None)
    )
    (test,) = [test for test in drifted(tests, 0.01, MINIMUM_EFFECT) if test.family == PIXELS]
    above = float((window > 0).mean())
    assert test.before == test.after == test.at == 0
    assert test.shares == pytest.approx((0, above))
    assert f"flatness is above 0 in {above:.0%} of" in drift_sentence(test).replace(" %", "%")


def test_a_violation_of_rare_values_names_the_feature() -> None:
    assert (
        drift_violation(Evidence(RARE_VALUES, "color_noise, highest 1%", 1e-8, 0.09), "…")["feature_name"]
        == "color_noise"
    )


def test_a_report_has_the_tests_of_rare_values_only_where_they_show_a_drift() -> None:
    rare, usual = (Evidence(RARE_VALUES, f"noise, {side} 1%", 0.5, 0) for side in ("highest", "lowest"))
    tests = (Evidence(PIXELS, "noise", 0.5, 0), rare, usual)
    report = report_document(Verdict(100, 100, tests, (rare,), True, 0.2, ()), "", {})
    assert [test["feature"] for test in report["tests"]] == ["noise", "noise, highest 1%"]


def test_a_class_that_is_no_longer_answered_has_drifted() -> None:
    window = samples(60, 3)
    assert "predicted_class" in found(Samples(window.values, np.array([60, 0]), None))
