"""The record of a run: its executions, kept in the folder of results for the report."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from scones import output_folder
from scones.classify.executions import Execution, cause_text
from scones.dataset.manifests import PARSE_ERRORS, Classes, class_name
from scones.errors import ExecutionsError, ForeignDataError, MissingError

RECORD = "executions.json"
CAUSES_SHOWN = 5


@dataclass(frozen=True)
class Run:
    """One call of `scones classify`: its executions, and the endpoint and the threshold at the time."""

    id: str
    endpoint: str
    threshold: float
    executions: tuple[Execution, ...]

    def count(self, outcome: str) -> int:
        return sum(execution.outcome == outcome for execution in self.executions)

    @property
    def invocations(self) -> int:
        return sum(execution.invocations for execution in self.executions)


def write(run: Run, folder: Path) -> None:
    output_folder.write_whole(folder / RECORD, json.dumps(asdict(run), indent=2))


def read(folder: Path) -> Run:
    """Return the last run.

    Raises:
        MissingError: there is none.
        ForeignDataError: the file is damaged.
    """
    file = folder / RECORD
    try:
        return _parse(file.read_bytes())
    except FileNotFoundError as error:
        raise MissingError(f"there is no {file}: run `scones classify` first") from error
    except PARSE_ERRORS as error:
        raise ForeignDataError(f"{file} is damaged ({error}): run `scones classify` again") from error


def _parse(text: bytes) -> Run:
    fields = json.loads(text)
    executions = (Execution(**{**item, "probabilities": tuple(item["probabilities"])}) for item in fields["executions"])
    return Run(**{**fields, "executions": tuple(executions)})


def raise_failed(executions: tuple[Execution, ...]) -> None:
    """Raise one error for all failed executions, with their most frequent causes."""
    failed = [execution for execution in executions if execution.outcome == "failed"]
    if not failed:
        return
    causes = Counter(f"{item.error}: {cause_text(item.cause)}" for item in failed)
    lines = "".join(f"\n  {count} times {cause}" for cause, count in causes.most_common(CAUSES_SHOWN))
    raise ExecutionsError(f"{len(failed)} of {len(executions)} executions failed, first {failed[0].key}:{lines}")


def describe(execution: Execution, classes: Classes) -> str:
    """Return one line for the terminal."""
    if not execution.probabilities:
        return f"{execution.key}: {execution.outcome} ({execution.error}: {cause_text(execution.cause)})"
    best = max(execution.probabilities)
    return f"{execution.key}: {class_name(execution.prediction, classes)}, confidence {best:.4f}, {execution.outcome}"
