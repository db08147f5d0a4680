"""The aims of a benchmark: each figure beside its limit, and an exit code that says whether all were met."""

from __future__ import annotations

import sys


class Aims:
    """The aims of a program, and those that its figures missed."""

    def __init__(self) -> None:
        self._missed: list[str] = []

    def at_most(self, what: str, figure: float, limit: float, unit: str = "") -> None:
        """Print the figure, and count it as missed when it is above the limit."""
        self._check(what, figure, "at most", limit, unit, is_met=figure <= limit)

    def at_least(self, what: str, figure: float, limit: float, unit: str = "") -> None:
        """Print the figure, and count it as missed when it is below the limit."""
        self._check(what, figure, "at least", limit, unit, is_met=figure >= limit)

    def exit_code(self) -> int:
        """Return 0 when every aim was met, and otherwise 1 after naming those that were missed."""
        if self._missed:
            sys.stderr.write(f"missed: {', '.join(self._missed)}\n")
        return 1 if self._missed else 0

    def _check(self, what: str, figure: float, direction: str, limit: float, unit: str, is_met: bool) -> None:
        verdict = "met" if is_met else "MISSED"
        sys.stdout.write(f"aim {verdict:<6}  {what}: {figure:.3g}{unit}  ({direction} {limit:.3g}{unit})\n")
        sys.stdout.flush()
        if not is_met:
            self._missed.append(what)
