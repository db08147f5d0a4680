from dataclasses import dataclass, field

import pytest

from scones.polling import poll


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: float = 100.0
    pauses: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(
    ("timeout_s", "interval_s", "waited"),
    [(3, 1, [0, 1, 2]), (2.5, 1, [0, 1, 2]), (1, 0.5, [0, 0.5]), (1, 5, [0]), (0, 1, [])],
)
def test_a_poll_ends_when_its_deadline_has_passed(timeout_s: float, interval_s: float, waited: list[float]) -> None:
    clock = Clock()
    assert list(poll(timeout_s, interval_s, clock, clock.sleep)) == waited
    assert clock.pauses == [interval_s] * len(waited)


def test_a_poll_repeats_once_a_second_by_default() -> None:
    clock = Clock()
    assert list(poll(2, clock=clock, sleep=clock.sleep)) == [0, 1]


def test_a_poll_with_the_systems_clock_begins_immediately() -> None:
    assert 0 <= next(poll(60)) < 60
