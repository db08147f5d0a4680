"""Shares of a stream of requests: exact over any stretch, and random within it."""

from __future__ import annotations

from collections import Counter

import pytest

from sagemaker_emulator.hosting.samples import Sample, WeightedTurns

REQUESTS = 3000


@pytest.mark.parametrize("share", [0.01, 0.1, 0.2, 0.3, 1 / 3, 0.5, 2 / 3, 0.9, 1.0])
def test_a_sample_never_has_more_than_its_share_and_lags_by_at_most_two_requests(share: float) -> None:
    for _ in range(20):
        sample, chosen = Sample(share), 0
        for seen in range(1, REQUESTS + 1):
            chosen += sample.takes()
            assert share * seen - 2.001 <= chosen <= share * seen + 0.001


def test_a_sample_of_everything_takes_each_request_and_one_of_nothing_takes_none() -> None:
    everything, nothing = Sample(1.0), Sample(0.0)
    assert all(everything.takes() for _ in range(100))
    assert not any(nothing.takes() for _ in range(100))


def test_a_sample_does_not_fall_into_step_with_a_caller_that_alternates() -> None:
    sample = Sample(0.1)
    parities = Counter(number % 2 for number in range(REQUESTS) if sample.takes())
    assert parities[0] == pytest.approx(parities[1], rel=0.6)  # in step, one of them would be 0


@pytest.mark.parametrize("weights", [[9, 1], [3, 1, 0], [1, 1, 1], [0.5, 0.3, 0.2], [99, 1], [0, 0, 2]])
def test_turns_follow_the_weights_within_a_few_requests(weights: list[float]) -> None:
    for _ in range(5):
        turns, chosen = WeightedTurns(), Counter[int]()
        for seen in range(1, REQUESTS + 1):
            chosen[turns.next(weights)] += 1
            for index, weight in enumerate(weights):
                assert chosen[index] == pytest.approx(seen * weight / sum(weights), abs=5)
        assert all(weights[index] > 0 for index in chosen)


def test_turns_follow_weights_that_change_on_the_way() -> None:
    turns = WeightedTurns()
    for weights in ([1.0, 9.0], [5.0, 5.0], [9.0, 1.0]):
        chosen = Counter(turns.next(weights) for _ in range(1000))
        assert chosen[0] == pytest.approx(100 * weights[0], abs=5)


def test_turns_do_not_fall_into_step_with_a_caller_that_alternates() -> None:
    turns, chosen = WeightedTurns(), Counter[tuple[int, int]]()
    for number in range(1000):
        chosen[number % 2, turns.next([1.0, 1.0])] += 1
    assert all(count == pytest.approx(250, abs=10) for count in chosen.values())


def test_turns_end_at_the_last_weight_above_0_when_a_sum_is_rounded() -> None:
    turns = WeightedTurns()
    assert {turns.next([1e-300, 0.0]) for _ in range(100)} == {0}
