"""The decision whether a function version needs another execution environment."""

import os
from dataclasses import dataclass, field

from localstack_plugin.event_loop.waits import Condition

FIRST_START_S = 0.3
"""The assumed duration of a start before one was measured."""
LAST_INVOCATION_WEIGHT = 0.2
"""The weight of the last invocation in the mean of all."""
STARTS_AT_ONCE = os.cpu_count() or 2
MOST_STARTS_AT_ONCE = 4 * STARTS_AT_ONCE
"""More would take the processors from running invocations. These would seem longer, and even more starts worthwhile."""
LASTING_QUEUE_S = 1.0
"""A queue that lasts longer is no burst: another environment will serve those who come later, too."""
BUSY_ENVIRONMENTS = 2 * STARTS_AT_ONCE
"""With so many in use or starting, the processors are busy: a lasting queue gets no more. Invocations that wait for
something else still get more, because a start is then faster."""
LONGEST_WAIT_S = 2.0
"""After this, a caller gets a start whatever wait is expected; or one beyond STARTS_AT_ONCE if the wait is long."""


@dataclass
class StartPolicy:
    """The load of one function version, and the decision. Hold `changed` to read or change it.

    `now` is always `time.monotonic()`.
    """

    changed: Condition = field(default_factory=Condition)
    waiting: int = 0
    """Callers that wait for an environment."""
    queued_since: float = 0.0
    """Since when callers have been waiting without a break, or since the last start, if that is later."""
    starting: int = 0
    """Environments that are being started."""
    start_s: float = FIRST_START_S
    """How long the last start took."""
    invocation_s: float = 0.0
    """The mean duration of invocations, weighted towards the last ones."""
    began: dict[int, float] = field(default_factory=dict)
    """When each running invocation began, by its number."""
    invocations: int = 0
    """The number of invocations so far, which is also the number of the last one."""
    is_stopped: bool = False
    """The version is shutting down, and nobody waits for it any more."""

    def queue(self, now: float) -> None:
        """Count a caller as waiting."""
        if not self.waiting:
            self.queued_since = now
        self.waiting += 1

    def needs_a_start(self, now: float, waited_s: float) -> bool:
        """Return whether the caller, who has waited for `waited_s`, should start an environment."""
        is_impatient = waited_s > LONGEST_WAIT_S
        if self.starting < STARTS_AT_ONCE:
            return is_impatient or self.is_start_faster(now) or self.is_queue_lasting(now)
        return is_impatient and self.starting < MOST_STARTS_AT_ONCE and self.is_start_faster(now)

    def start_began(self, now: float) -> None:
        """Count an environment as starting."""
        self.starting += 1
        self.queued_since = now

    def is_start_faster(self, now: float) -> bool:
        """Return whether a start takes less time than waiting for an environment to come free."""
        if not self.began and not self.starting:
            return True
        return self.expected_wait_s(now) > self.start_s

    def is_queue_lasting(self, now: float) -> bool:
        """Return whether the queue has lasted for so long that another environment is worth its start."""
        return len(self.began) + self.starting < BUSY_ENVIRONMENTS and now - self.queued_since > LASTING_QUEUE_S

    def expected_wait_s(self, now: float) -> float:
        """Return the expected wait of the last caller.

        If running invocations exceed the mean, assume that they take as long again.
        """
        turn_s = self.invocation_s * self.waiting / (len(self.began) + self.starting)
        running_s = sum(now - began for began in self.began.values()) / max(1, len(self.began))
        return max(turn_s, running_s) if running_s > self.invocation_s else turn_s

    def invocation_began(self, now: float) -> int:
        """Count an invocation, and return its number for `invocation_ended`."""
        self.invocations += 1
        self.began[self.invocations] = now
        return self.invocations

    def invocation_ended(self, invocation: int, now: float) -> None:
        duration_s = now - self.began.pop(invocation)
        self.invocation_s += (duration_s - self.invocation_s) * LAST_INVOCATION_WEIGHT
