"""An execution drawn on the graph of its machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.aws.executions import Execution
from console.aws.history.visits import History
from console.aws.history.visits import Visit as StateVisit
from console.aws.training.jobs import TIMES
from display import figures
from display.colors import status_tone
from display.state_machines.definition import Graph, read
from display.state_machines.drawing import Drawing, Visit

TOLD_MAX = 10
WORST = ("FAILED", "TIMED_OUT", "ABORTED", "RUNNING", "CAUGHT", "SUCCEEDED")
"""A state with several visits has the tone of the status among theirs that comes first here."""


def graph_of(definition: Mapping[str, Any]) -> Graph | None:
    try:
        return read(definition) if definition else None
    except (LookupError, TypeError, ValueError):
        return None  # it was changed to something that is not ASL


def drawing(execution: Execution, history: History, names: Mapping[int, str]) -> Drawing:
    """Return what an execution adds to the graph of its machine. `names` are those of items of a Map."""
    by_state: dict[str, list[StateVisit]] = {}
    for visit in history.visits:
        by_state.setdefault(visit.state, []).append(visit)
    return Drawing(
        visits={name: _drawn(visits, execution, names) for name, visits in by_state.items()},
        taken=history.taken,
        links={name: f"visit-{visits[-1].number}" for name, visits in by_state.items()},
        focus=_focus(execution, history),
    )


def _focus(execution: Execution, history: History) -> str:
    """Return the state that a large graph shows first: the one that failed, the one that runs, or the last."""
    if origin := history.origin(execution.cause):
        return origin.state
    last = [each for each in history.visits if each.ended is None] or history.visits
    return last[-1].state if last else ""


def _drawn(visits: list[StateVisit], execution: Execution, names: Mapping[int, str]) -> Visit:
    statuses = {visit.status(execution.status) for visit in visits}
    status = next((each for each in WORST if each in statuses), execution.status)
    took = [visit.seconds for visit in visits if visit.seconds is not None]
    total = figures.duration(sum(took)) if took else ""
    note = total if len(visits) == 1 else f"{len(visits)} {TIMES} {total}".strip()
    told = [f"{visits[0].state}: {status}, {note}", *sorted({visit.error for visit in visits} - {""})]
    told += [_in_words(visit, execution, names) for visit in visits[:TOLD_MAX] if visit.number in names]
    return Visit(status_tone(status), note, "\n".join(told))


def _in_words(visit: StateVisit, execution: Execution, names: Mapping[int, str]) -> str:
    took = f", {figures.duration(visit.seconds)}" if visit.seconds is not None else ""
    return f"{names[visit.number]}: {visit.status(execution.status)}{took}"
