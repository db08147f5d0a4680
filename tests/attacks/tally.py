"""The number of attacks on each port, and those that got through."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts by the name of the port or of the test."""

    tried: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    got_through: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, where: str, attack: str, got_through: bool) -> None:
        self.tried[where] += 1
        if got_through:
            self.got_through[where].append(attack)

    def lines(self) -> list[str]:
        return [
            f"attacks: {where}: {tried} tried, {len(self.got_through[where])} got through"
            + "".join(f"\n  {attack}" for attack in self.got_through[where])
            for where, tried in sorted(self.tried.items())
        ]
