import numpy as np
import pytest
import torch

from image_classification.training.evaluation import Tally, calibrated_sharpness, has_stalled


def test_early_stopping_respects_minimum_epochs_and_patience() -> None:
    assert not has_stalled([0.5] * 9, 10, 3, 0.01)
    assert has_stalled([0.5] * 10, 10, 3, 0.01)
    assert has_stalled([0.5] * 9 + [0.505], 10, 3, 0.01)
    assert not has_stalled([0.5] * 9 + [0.52], 10, 3, 0.01)
    assert not has_stalled([0.5] * 3, 1, 3, 0.01)


@pytest.mark.parametrize(
    ("accuracies", "patience", "tolerance", "stalled"),
    [
        ([0.5, 0.75], 1, 0.25, True),  # an improvement that equals the tolerance does not count
        ([0.5, 0.75], 1, 0.125, False),
        ([0.5] * 3, 3, 0.0, False),  # nothing before the last three to compare with
        ([0.5] * 4, 3, 0.0, True),
        ([0.5, 0.9, 0.5, 0.5, 0.5], 3, 0.0, True),
        ([0.5, 0.9, 0.5, 0.5, 0.5], 4, 0.0, False),
    ],
)
def test_early_stopping_compares_the_last_epochs_with_the_best_before(
    accuracies: list[float], patience: int, tolerance: float, stalled: bool
) -> None:
    assert has_stalled(accuracies, 1, patience, tolerance) == stalled


def test_early_stopping_may_begin_in_the_last_of_its_minimum_epochs() -> None:
    assert [has_stalled([0.5] * epochs, 5, 1, 0.0) for epochs in (4, 5)] == [False, True]


def test_the_accuracy_of_no_images_is_zero() -> None:
    tally = Tally(multi_label=False, k=1)
    assert (tally.accuracy, tally.top_k_accuracy) == (0, 0)


def test_top_1_and_top_k_accuracy_are_counted() -> None:
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
