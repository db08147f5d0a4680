r"""Searches with other people's regular expressions, which end whatever the expression and the line are.

`(a+)+$` takes time by 2 to the power of the line's length, and Python's `re` holds the interpreter meanwhile. The
package `regex` stops after a time and lets other threads run, but a call takes 5 µs instead of 1. Expressions that
cannot explode in a short line, such as `loss=(\S+)`, therefore stay with `re`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

STEPS_MAX = 2_000_000  # some milliseconds
SEARCH_S = 0.25
SLOW_S = 0.001
ALLOWANCE_S = 1.0
REPEAT = re.compile(r"[*+{]")
CHOICE = re.compile(r"[?|]")
REPEATED_GROUP_OR_REFERENCE = re.compile(r"\)[*+{]|\\[1-9]|\(\?[P(]")
ESCAPE_OR_CLASS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
GROUP = re.compile(r"\([^()]*\)")
COUNT = re.compile(r"\{[^{}]*\}")
UNCERTAIN = re.compile(r"\\[^dDwWsSbBAZ\W_]|\(\?[^:]")  # escapes with digits, flags, conditions, assertions
LITERAL = re.compile(r"[\w=:;,# /@%<>\"'!-]+(?![*?{])")


class BoundedSearch:
    """The searches for one expression. Given up after one of 0.25 s, or slow ones of 1 s together."""

    def __init__(self, pattern: re.Pattern[str], compile_interruptible: Callable[[str], Any]) -> None:
        """Take `regex.compile` too: this package has no dependencies. Raises its error for what it does not compile."""
        self._pattern = pattern
        self._interruptible = compile_interruptible(pattern.pattern)
        self._quick_length = quick_length(pattern.pattern)
        self._literal = required_literal(pattern.pattern)
        # not from every position for a pattern that begins with `.*`: that takes time by the line's square
        self._is_anchored = pattern.pattern.startswith(".*") and "|" not in pattern.pattern
        self._spent_s = 0.0
        self.is_given_up = False

    def find(self, line: str) -> re.Match[str] | None:
        """Return the match in a line, which has the interface of `re`'s; None if the expression has been given up."""
        if self._literal not in line:
            return None
        if len(line) <= self._quick_length:
            return self._pattern.match(line) if self._is_anchored else self._pattern.search(line)
        return None if self.is_given_up else self._interruptible_find(line)

    def _interruptible_find(self, line: str) -> re.Match[str] | None:
        find = self._interruptible.match if self._is_anchored else self._interruptible.search
        started = time.thread_time()  # the machine's load does not count
        try:
            match: re.Match[str] | None = find(line, timeout=SEARCH_S)
        except TimeoutError:
            self.is_given_up = True
            return None
        if (took := time.thread_time() - started) > SLOW_S:
            self._spent_s += took
            self.is_given_up = self._spent_s > ALLOWANCE_S
        return match


def quick_length(text: str) -> int:
    """Return how long a line may be in which an expression cannot take many steps; 0 if there is no such length.

    n repeats, none of them of a group, take at most the line's length to the power of n + 1, and each choice doubles
    that. Escaped characters are counted too, which errs on the side of caution.
    """
    if REPEATED_GROUP_OR_REFERENCE.search(text):
        return 0
    repeats, choices = len(REPEAT.findall(text)), len(CHOICE.findall(text))
    return int((STEPS_MAX / 2**choices) ** (1 / (repeats + 1))) if choices < 16 else 0


def required_literal(text: str) -> str:
    """Return the longest text that every match contains, outside of groups; empty if none is certain."""
    if UNCERTAIN.search(text):
        return ""
    rest, groups = COUNT.sub("?", ESCAPE_OR_CLASS.sub(".", text)), 1
    while groups:
        rest, groups = GROUP.subn(".", rest)
    return "" if "|" in rest else max(LITERAL.findall(rest), key=len, default="")
