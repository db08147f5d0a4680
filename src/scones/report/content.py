"""The content of the report's page, and to which model each part of it belongs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scones.classify.executions import Execution
from scones.classify.run_record import Run
from scones.dataset.manifests import Classes
from scones.report.captured_records import CapturedRecord
from scones.report.curves import Curves
from scones.report.evidence import Evidence

EMPTY = Evidence({}, {}, {}, (), ())
Pair = tuple[Execution, CapturedRecord]


@dataclass(frozen=True)
class Report:
    """The content of the page: the run, its captured records, the number of all records, and about the model in
    service the curves of its training job and what other commands have left.
    """

    summary: Mapping[str, Any]
    run: Run
    records: list[CapturedRecord]
    total: int
    curves: Curves
    evidence: Evidence = EMPTY

    @property
    def classes(self) -> Classes:
        return tuple(self.summary["classes"])

    @property
    def served(self) -> str:
        """The model in service, which has the name of its training job."""
        return str(self.summary["training_job"]["name"])

    @property
    def answered_by(self) -> str:
        """The model that answered the run."""
        return str(self.summary.get("run", {}).get("model") or self.served)

    @property
    def is_of_one_model(self) -> bool:
        """Whether the model in service has answered the run."""
        return self.answered_by == self.served

    @property
    def pairs(self) -> list[Pair]:
        """The executions and their records, without records that have no probabilities of the classes."""
        by_name = {execution.name: execution for execution in self.run.executions}
        named = [(by_name[record.inference_id or ""], record) for record in self.records if record.probabilities]
        return [(execution, record) for execution, record in named if record.prediction < len(self.classes)]

    @property
    def judged(self) -> list[Pair]:
        """The pairs whose true class is known."""
        return [(execution, record) for execution, record in self.pairs if execution.label is not None]


def is_wrong(execution: Execution, record: CapturedRecord) -> bool:
    return execution.label is not None and bool(record.probabilities) and execution.label != record.prediction
