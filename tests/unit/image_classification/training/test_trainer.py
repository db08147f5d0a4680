from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
import torch

from image_classification.training.batches import ahead, shuffled_batches
from image_classification.training.evaluation import Tally, calibrated_sharpness, has_stalled
from image_classification.training.schedules import one_cycle


def test_every_image_is_drawn_once_before_any_is_drawn_again() -> None:
    batches = list(islice(shuffled_batches(10, 4, np.random.default_rng(0)), 5))
    order = np.concatenate(batches)
    assert sorted(order[:10]) == sorted(order[10:]) == list(range(10))


def test_a_one_cycle_rate_rises_to_its_peak_and_falls_to_zero() -> None:
    rates = [one_cycle(0.1, 100)(step) for step in range(100)]
    assert max(rates) == rates[19] == rates[20] == pytest.approx(0.1)
    assert rates[:20] == sorted(rates[:20])
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert rates[-1] < 0.001


def test_early_stopping_waits_for_its_epochs_and_its_patience() -> None:
    assert not has_stalled([0.5] * 9, 10, 3, 0.01)
    assert has_stalled([0.5] * 10, 10, 3, 0.01)
    assert has_stalled([0.5] * 9 + [0.505], 10, 3, 0.01)
    assert not has_stalled([0.5] * 9 + [0.52], 10, 3, 0.01)
    assert not has_stalled([0.5] * 3, 1, 3, 0.01)


def test_accuracy_counts_the_first_class_and_the_first_k() -> None:
    tally = Tally(multi_label=False, k=2)
    tally.count(torch.tensor([[3.0, 2, 1], [1, 2, 3], [3, 1, 2]]), torch.eye(3)[[0, 1, 1]])
    assert (tally.accuracy, tally.top_k_accuracy) == pytest.approx((1 / 3, 2 / 3))


def test_accuracy_of_several_labels_is_the_mean_over_labels() -> None:
    tally = Tally(multi_label=True, k=1)
    tally.count(torch.tensor([[1.0, -1], [1, 1]]), torch.tensor([[1.0, 0], [0, 1]]))
    assert tally.accuracy == 0.75


def test_calibration_sharpens_an_underconfident_model_and_softens_an_overconfident_one() -> None:
    labels = torch.eye(2)[[0] * 9 + [1]]  # nine in ten are right
    assert calibrated_sharpness(torch.tensor([[1.5, 0.0]] * 10), labels) == pytest.approx(np.log(9) / 1.5, rel=0.05)
    assert calibrated_sharpness(torch.tensor([[3.5, 0.0]] * 10), labels) == pytest.approx(np.log(9) / 3.5, rel=0.05)


def test_items_computed_ahead_keep_their_order_and_their_errors() -> None:
    def numbers() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("no third")

    items = ahead(numbers())
    assert (next(items), next(items)) == (1, 2)
    with pytest.raises(ValueError, match="no third"):
        next(items)
