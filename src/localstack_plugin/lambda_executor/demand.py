"""Whether a function needs another execution environment: only where waiting for one would take longer than a start."""

from dataclasses import dataclass, field
from threading import Condition

FIRST_START_S = 0.3
"""What a start is taken to cost before one was measured."""
WEIGHT = 0.2
"""Of the last invocation, in the mean of all."""


@dataclass
class Demand:
    """For one version of a function. Read and changed by who holds `changed`; `now` is `time.monotonic()`."""

    changed: Condition = field(default_factory=Condition)
    waiting: int = 0
    starting: int = 0
    start_s: float = FIRST_START_S
    invocation_s: float = 0.0
    """The mean, the last ones counting most."""
    began: dict[str, float] = field(default_factory=dict)
    """Of the invocations that run, by the environment's id."""

    def exceeds_supply(self, now: float) -> bool:
        if not self.began and not self.starting:
            return True
        return self.expected_wait_s(now) > self.start_s

    def expected_wait_s(self, now: float) -> float:
        """Of who waits last. What already takes longer than usual is expected to take as long again."""
        running_s = now * len(self.began) - sum(self.began.values())
        expected_s = max(self.invocation_s, running_s / max(1, len(self.began)))
        return expected_s * self.waiting / (len(self.began) + self.starting)

    def has_begun(self, environment: str, now: float) -> None:
        self.began[environment] = now

    def has_ended(self, environment: str, now: float) -> None:
        taken_s = now - self.began.pop(environment)
        self.invocation_s += (taken_s - self.invocation_s) * WEIGHT
