"""The path of an execution: a row for each visit of a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from console.aws.executions import Execution
from console.aws.history.visits import History, Visit
from console.readable import readable
from display.causes import cause_of, cause_text, members_of

SHOWN_VISITS = 400
DEPTH_MAX = 4
WAITED_PART = 0.1
"""A wait for the first state that is longer than this part of an execution's duration is told."""
FOLDED_OVER = 3
"""Of a state with more successful visits than this, as of one that waits and looks again, the middle is folded."""


def rows_of(execution: Execution, history: History, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return the list's rows of the first SHOWN_VISITS visits: those inside a Map or a Parallel follow it."""
    last = max((each.ended or each.entered for each in history.visits), default=execution.started)
    return [_shown(visit, execution, last, names) for visit in nested(history.visits[:SHOWN_VISITS])]


def nested(visits: Sequence[Visit]) -> list[Visit]:
    """Return visits in their order, but those inside a block right behind it, before what else began meanwhile."""
    inside: dict[int, list[Visit]] = {}
    for visit in visits:
        inside.setdefault(visit.parent.number if visit.parent else 0, []).append(visit)

    def behind(number: int) -> list[Visit]:
        return [each for visit in inside.get(number, []) for each in (visit, *behind(visit.number))]

    return behind(0)


def depth_of(visit: Visit) -> int:
    """Return in how many blocks a visit is, DEPTH_MAX at most: a telephone has no room for more."""
    depth, block = 0, visit.parent
    while block and depth < DEPTH_MAX:
        depth, block = depth + 1, block.parent
    return depth


def retries_of(visits: Sequence[Visit]) -> dict[str, int]:
    """Return how often each state was begun again, by its name."""
    retries: dict[str, int] = {}
    for visit in visits:
        if visit.attempts > 1:
            retries[visit.state] = retries.get(visit.state, 0) + visit.attempts - 1
    return retries


def waited_s(execution: Execution, history: History) -> float | None:
    """Return how long the first state was waited for, if that is a part of the duration that can be seen."""
    if not history.visits:
        return None
    waited = (history.visits[0].entered - execution.started).total_seconds()
    took = execution.seconds or 0.0
    return waited if waited > WAITED_PART * took > 0 else None


def _shown(visit: Visit, execution: Execution, last: datetime, names: Mapping[int, str]) -> dict[str, Any]:
    """Return the list's row for a visit. `at` and `width` place its bar, in percent of the time until `last`."""
    whole = max(last - execution.started, timedelta(milliseconds=1))
    end = visit.ended or last
    return {
        "visit": visit,
        "status": visit.status(execution.status),
        "at": round(100 * max(timedelta(), visit.entered - execution.started) / whole, 1),
        "width": round(max(1.0, 100 * (end - visit.entered) / whole), 1),
        "depth": depth_of(visit),
        "item": names.get(visit.number, ""),
        "cause": cause_of(visit.error, visit.cause),
        "whole_cause": whole_cause(visit.cause),
        "input": readable(visit.input),
        "output": readable(visit.output),
    }


def folded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return items of a row and the rows folded under it: a state that was visited often has its first and last."""
    by_state: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["status"] == "SUCCEEDED":
            by_state.setdefault(row["visit"].state, []).append(row)
    middles = {visits[0]["visit"].number: visits[1:-1] for visits in by_state.values() if len(visits) > FOLDED_OVER}
    hidden = {row["visit"].number for middle in middles.values() for row in middle}
    return [
        {"row": row, "folded": middle, "seconds": sum(each["visit"].seconds or 0.0 for each in middle)}
        for row in rows
        if row["visit"].number not in hidden
        for middle in [middles.get(row["visit"].number, [])]
    ]


def whole_cause(cause: str) -> str:
    """Return a cause of which pages show the message only; empty if there is no more to it."""
    return readable(cause) if cause_text(cause) != cause and len(members_of(cause)) > 1 else ""
