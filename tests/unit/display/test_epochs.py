"""The one rule of the best and the last epoch, and its words."""

from __future__ import annotations

import pytest

from display.epochs import Epoch, kept, last, number_in, told


@pytest.mark.parametrize(
    ("epochs", "best", "end"),
    [
        ([Epoch(1, 0.5), Epoch(2, 0.75), Epoch(3, 0.75)], Epoch(2, 0.75), Epoch(3, 0.75)),
        ([Epoch(3, 0.75), Epoch(2, 0.75), Epoch(1, 0.5)], Epoch(2, 0.75), Epoch(3, 0.75)),
        ([Epoch(2, 0.25), Epoch(5, 0.5)], Epoch(5, 0.5), Epoch(5, 0.5)),
        ([], None, None),
    ],
)
def test_the_kept_epoch_is_the_first_with_the_highest_value(
    epochs: list[Epoch], best: Epoch | None, end: Epoch | None
) -> None:
    assert (kept(epochs), last(epochs)) == (best, end)


def test_the_log_counts_from_zero() -> None:
    assert number_in("Epoch[22] Validation-accuracy=0.5") == 23
    assert number_in("no epoch") is None
    assert number_in("MyEpoch[3]") is None


def test_a_legend_names_the_best_and_the_last_epoch_and_one_that_is_both_once() -> None:
    assert told(Epoch(3, 0.8125), Epoch(2, 0.96875)) == "best 0.9688 at epoch 2, last 0.8125 at epoch 3"
    assert told(Epoch(3, 0.8125), Epoch(3, 0.8125)) == "best and last 0.8125 at epoch 3"
    assert told(Epoch(3, 0.8125)) == "last 0.8125 at epoch 3"
