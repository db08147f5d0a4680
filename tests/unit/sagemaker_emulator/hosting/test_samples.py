"""Samples of a stream of requests: as many as the share says, in no fixed rhythm."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sagemaker_emulator.hosting.samples import Sample


@pytest.mark.parametrize("share", [0.01, 0.1, 1 / 3, 0.5, 0.9])
@pytest.mark.parametrize("requests", [1, 10, 99, 1000])
def test_a_sample_has_its_share_give_or_take_one(share: float, requests: int) -> None:
    sample = Sample(share)
    assert abs(sum(sample.takes() for _ in range(requests)) - share * requests) <= 1


def test_a_share_of_one_takes_every_request_and_of_zero_none() -> None:
    whole, nothing = Sample(1.0), Sample(0.0)
    assert all(whole.takes() for _ in range(1000))
    assert not any(nothing.takes() for _ in range(1000))


def test_a_sample_has_no_rhythm_that_a_caller_could_fall_into() -> None:
    sample = Sample(0.1)
    chosen = [index for index in range(2000) if sample.takes()]
    assert len({after - before for before, after in pairwise(chosen)}) > 5
