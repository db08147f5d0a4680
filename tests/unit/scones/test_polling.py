from dataclasses import dataclass, field

import pytest

from scones.polling import poll


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(
    ("timeout_s", "interval_s", "waited"),
    [(0.25, 1, [0, 0.1, 0.2]), (0.1, 0.05, [0, 0.05]), (0.3, 0.2, [0, 0.1, 0.2]), (0.1, 5, [0]), (0, 1, [])],
)
def test_a_poll_ends_when_its_deadline_has_passed(timeout_s: float, interval_s: float, waited: list[float]) -> None:
    clock = Clock()
    assert list(poll(timeout_s, interval_s, clock, clock.sleep)) == pytest.approx(waited)


def test_the_pauses_of_a_poll_grow_to_its_interval() -> None:
    clock = Clock()
    assert len(list(poll(10, clock=clock, sleep=clock.sleep))) < 25
    assert clock.pauses == sorted(clock.pauses)
    assert (clock.pauses[0], clock.pauses[-1]) == (0.1, 1)


def test_a_poll_with_the_systems_clock_begins_immediately() -> None:
    assert 0 <= next(poll(60)) < 60
