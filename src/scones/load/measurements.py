"""The measurements of a load: counts, percentiles of the latency, and rates."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any

SUCCEEDED, BELOW_THRESHOLD, FAILED = OUTCOMES = ("succeeded", "below_threshold", "failed")


@dataclass(frozen=True)
class Answer:
    """A request that has ended. Latency counts from the time when it was due, so that a late sender hides nothing."""

    due_s: float
    """Seconds since the load began."""
    latency_s: float
    outcome: str
    error: str | None = None
    variant: str | None = None
    """The endpoint's variant that answered; None if it is unknown, as in an execution of the workflow."""

    @property
    def ended_s(self) -> float:
        return self.due_s + self.latency_s


@dataclass(frozen=True)
class Figures:
    """The result of a load."""

    sent: int
    outcomes: Mapping[str, int]
    errors: Mapping[str, int]
    """Number of failed requests by the error's name."""
    in_flight: int
    seconds: float
    sent_per_s: float | None
    """None for a burst, which sends all at once."""
    ended_per_s: float
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    """Latencies of answered requests, above and below the threshold."""

    def __str__(self) -> str:
        counts = self.outcomes
        text = (
            f"{self.sent} sent, {counts[SUCCEEDED]} succeeded, {counts[BELOW_THRESHOLD]} below the threshold, "
            f"{counts[FAILED]} failed{most_common(self.errors)}, {self.in_flight} in flight"
        )
        latencies = ", ".join(f"{name} {duration(value)}" for name, value in self.percentiles.items())
        sent = "all at once" if self.sent_per_s is None else f"{self.sent_per_s:.1f}/s sent"
        return f"{text}; {latencies}; {sent}, {self.ended_per_s:.1f}/s answered"

    @property
    def brief(self) -> str:
        """Return the counts and the median in a few words of stable width, for a line that changes."""
        counts = self.outcomes
        return (
            f"{self.sent} sent, {self.in_flight:>3} in flight, {counts[SUCCEEDED] + counts[BELOW_THRESHOLD]} answered, "
            f"{counts[FAILED]} failed, p50 {duration(self.p50_s)}"
        )

    @property
    def percentiles(self) -> dict[str, float | None]:
        return {"p50": self.p50_s, "p95": self.p95_s, "p99": self.p99_s}


@dataclass
class Record:
    """A collector of answers. Many threads call it."""

    sent: int = 0
    last_due_s: float = 0.0
    answers: list[Answer] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def note_sent(self, due_s: float) -> None:
        with self._lock:
            self.sent += 1
            self.last_due_s = due_s

    def note_ended(self, answer: Answer) -> None:
        with self._lock:
            self.answers.append(answer)

    @property
    def in_flight(self) -> int:
        with self._lock:
            return self.sent - len(self.answers)

    def figures(self, elapsed_s: float) -> Figures:
        with self._lock:
            answers, sent, last_due_s = list(self.answers), self.sent, self.last_due_s
        latencies = sorted(answer.latency_s for answer in answers if answer.outcome != FAILED)
        counts = Counter(answer.outcome for answer in answers)
        ended_s = max((answer.ended_s for answer in answers), default=0.0)
        return Figures(
            sent=sent,
            outcomes={outcome: counts[outcome] for outcome in OUTCOMES},
            errors=dict(Counter(answer.error or "unknown" for answer in answers if answer.outcome == FAILED)),
            in_flight=sent - len(answers),
            seconds=round(elapsed_s, 3),
            sent_per_s=round((sent - 1) / last_due_s, 3) if last_due_s else None,
            ended_per_s=round(len(answers) / ended_s, 3) if ended_s else 0.0,
            p50_s=percentile(latencies, 0.5),
            p95_s=percentile(latencies, 0.95),
            p99_s=percentile(latencies, 0.99),
        )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return the percentile by nearest rank: always a value that was measured."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds:,.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def most_common(errors: Mapping[str, int]) -> str:
    """Return the three most frequent errors in parentheses, or nothing."""
    if not errors:
        return ""
    return f" ({', '.join(f'{name} {count}' for name, count in Counter(errors).most_common(3))})"


def summary(figures: Figures, answers: Sequence[Answer]) -> dict[str, Any]:
    return {**asdict(figures), "answers": [asdict(answer) for answer in answers]}
