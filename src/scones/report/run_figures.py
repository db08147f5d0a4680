"""The figures of a run that are compared with those of the run before, which `summary.json` remembers."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from scones.classify.executions import Execution
from scones.classify.run_record import Run
from scones.report.captured_records import CapturedRecord

EARLIER = "an earlier model"
SHARES = (0.5, 0.95, 0.99)


def latencies(executions: Sequence[Execution]) -> list[float]:
    """Return how long each execution took, in seconds, the shortest first. Failed ones are left out."""
    return sorted(
        (datetime.fromisoformat(each.stopped) - datetime.fromisoformat(each.started)).total_seconds()
        for each in executions
        if each.outcome != "failed"
    )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return the percentile by nearest rank: always a value that was measured."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def figures_of(run: Run, records: Sequence[CapturedRecord], model: str) -> dict[str, Any]:
    labels = {execution.name: execution.label for execution in run.executions}
    decided = [record for record in records if record.probabilities]
    judged = [record for record in decided if labels[record.inference_id or ""] is not None]
    ordered = latencies(run.executions)
    return {
        "id": run.id,
        "model": model,
        "classified": len(decided),
        "judged": len(judged),
        "right": sum(record.prediction == labels[record.inference_id or ""] for record in judged),
        "reached_threshold": sum(record.confidence >= run.threshold for record in decided),
        "mean_confidence": sum(record.confidence for record in decided) / len(decided) if decided else None,
        **{f"p{share * 100:.0f}_s": percentile(ordered, share) for share in SHARES},
    }


def model_of(run: Run, served: str, served_since: datetime, summary: Path) -> str:
    """Return the model that answered the run: the served one, unless the endpoint has changed since the run began.

    If it has changed, an earlier report about the run may name the model. Scaling changes an endpoint, too.
    """
    began = min((datetime.fromisoformat(each.started) for each in run.executions), default=served_since)
    if began >= served_since:
        return served
    known = _summary(summary).get("run", {})
    return str(known["model"]) if known.get("id") == run.id else EARLIER


def run_before(summary: Path, run_id: str) -> Mapping[str, Any] | None:
    """Return the figures of the run before, from the summary of the last report."""
    written = _summary(summary)
    if "run" not in written:
        return None
    earlier = written["run"] if written["run"]["id"] != run_id else written.get("run_before")
    return dict(earlier) if earlier else None


def _summary(file: Path) -> Mapping[str, Any]:
    """Return the last summary; empty before the first report, and if another version wrote it in another form."""
    try:
        written: Mapping[str, Any] = json.loads(file.read_text())
        return written if {"id", "model"} <= written["run"].keys() else {}
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return {}
