"""Whether a function needs another execution environment: only where waiting for one would take longer than a start."""

import os
from dataclasses import dataclass, field
from threading import Condition

FIRST_START_S = 0.3
"""What a start is taken to cost before one was measured."""
WEIGHT = 0.2
"""Of the last invocation, in the mean of all."""
STARTS_AT_ONCE = os.cpu_count() or 2
LONGEST_WAIT_S = 2.0
"""Who has waited for so long gets a start whatever is expected, or one beside others that take long."""


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
    is_stopped: bool = False
    """The version is shutting down: nobody waits for it any more."""

    def calls_for_a_start(self, now: float, waited_s: float) -> bool:
        is_impatient = waited_s > LONGEST_WAIT_S
        if self.starting < STARTS_AT_ONCE:
            return is_impatient or self.exceeds_supply(now)
        return is_impatient and self.exceeds_supply(now)

    def exceeds_supply(self, now: float) -> bool:
        if not self.began and not self.starting:
            return True
        return self.expected_wait_s(now) > self.start_s

    def expected_wait_s(self, now: float) -> float:
        """Of who waits last, for its turn; or, where what runs takes longer than usual, as long again as that has."""
        turn_s = self.invocation_s * self.waiting / (len(self.began) + self.starting)
        running_s = sum(now - began for began in self.began.values()) / max(1, len(self.began))
        return max(turn_s, running_s) if running_s > self.invocation_s else turn_s

    def has_begun(self, environment: str, now: float) -> None:
        self.began[environment] = now

    def has_ended(self, environment: str, now: float) -> None:
        taken_s = now - self.began.pop(environment)
        self.invocation_s += (taken_s - self.invocation_s) * WEIGHT
