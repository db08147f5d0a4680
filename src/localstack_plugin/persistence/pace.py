"""How often the state is saved, and at which priority.

A change waits, at worst, for the save that has just begun, for the pause after it, while further changes are gathered,
and for its own save. If a save takes up to 1.8 s, all that takes less than the five seconds that a kill may cost.
"""

GATHERED_FOR_S = 1.0
LATE_GATHERED_FOR_S = 0.25
BEHIND_AT_MOST_S = 4.5
LONGEST_PAUSE_S = 2.0
SHORT_S = 0.75
NICENESS = 10


def gathered_for(took_s: float) -> float:
    """Return the seconds from the first change to the next save."""
    return GATHERED_FOR_S if took_s <= SHORT_S else LATE_GATHERED_FOR_S


def pause_after(took_s: float) -> float:
    """Return the seconds from the end of a save to the next one's preparation, if that takes as long as the last.

    The pause is at least half of the save, so that the server is not copying its memory all the time.
    """
    left_s = BEHIND_AT_MOST_S - gathered_for(took_s) - 2 * took_s
    return max(took_s / 2, min(LONGEST_PAUSE_S, left_s))


def niceness_after(took_s: float) -> int:
    """Return the niceness of the next save, which leaves the processor to the server unless saves are late.

    At a low priority, a save on a busy machine takes many times as long as it needs.
    """
    return NICENESS if took_s <= SHORT_S else 0
