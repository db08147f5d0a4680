"""Executions of Step Functions as records.

A record has the execution's own values, its history, and what RedriveExecution needs. The rest of an execution, such as
the thread that runs it and the environment of its states, is created anew. Records of ended executions never change,
so each is written once, as a line of `executions.jsonl`; a state machine's definition is a line of its own, which all
its executions refer to. Running executions are part of the document of Step Functions.

An execution that was running when the process ended is loaded as FAILED, because it is unknown whether its task was
done. RedriveExecution continues it from the state that it had reached.
"""

import datetime
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from localstack.aws.api.stepfunctions import (
    ExecutionFailedEventDetails,
    ExecutionStatus,
    HistoryEvent,
    HistoryEventType,
    StateMachineType,
)
from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails
from localstack.services.stepfunctions.asl.eval.event.event_manager import EventHistoryContext
from localstack.services.stepfunctions.asl.eval.program_state import ProgramEnded
from localstack.services.stepfunctions.backend.execution import Execution
from localstack.services.stepfunctions.backend.store import sfn_stores

from localstack_plugin.persistence.graph.document import DocumentError, UnknownValueError
from localstack_plugin.persistence.graph.reading import read
from localstack_plugin.persistence.graph.writing import write
from localstack_plugin.persistence.histories import EventShape, history_text, read_history
from localstack_plugin.persistence.services.renewal import described, renew
from localstack_plugin.persistence.services.vocabularies import vocabulary
from localstack_plugin.persistence.state_folder import compact, cut_incomplete_line

LAST_STATE = "_last_state"
ANEW = ("exec_worker", "state_machine", "_cloud_watch_logging_session", "_activity_store", "mock_test_case")
"""Attributes of an execution that are not in its record."""
EVENT = EventShape(frozenset(HistoryEvent.__annotations__), HistoryEventType)
LOST = "The local cloud ended while the execution was running. RedriveExecution continues it from its last state."

Written = dict[str, Any]
"""The stop dates of the executions whose records are written, by ARN. A redriven execution gets a new stop date."""


def ended(written: Written) -> list[Execution]:
    """Return the executions that have ended and whose records are not written yet."""
    return [
        execution
        for execution in _executions()
        if execution.exec_status != ExecutionStatus.RUNNING
        and execution.stop_date is not None
        and written.get(execution.exec_arn) != execution.stop_date
    ]


def running_records() -> list[Any]:
    return [record(execution) for execution in _executions() if execution.exec_status == ExecutionStatus.RUNNING]


def _executions() -> Iterator[Execution]:
    for _, _, store in list(sfn_stores.iter_stores()):
        for execution in list(store.executions.values()):
            if execution.sm_type == StateMachineType.STANDARD:  # AWS does not list those of Express workflows either
                yield execution


def record(execution: Execution) -> dict[str, Any]:
    env = execution.exec_worker.env if execution.exec_worker else None
    maps = env.map_run_record_pool_manager._pool if env else {}
    return {
        "execution": execution,
        "machine": execution.state_machine,
        "history": history_text(env.event_manager._history_event_list if env else [], EVENT),
        "last_state": vars(env).get(LAST_STATE) if env else None,
        "map_runs": maps,
    }


def append(path: Path, executions: Iterable[Execution], machines: set[str]) -> Iterator[str]:
    """Append the records of executions that have ended, and yield a message about each that cannot be written.

    `machines` are the keys of the state machines that the file has.
    """
    cut_incomplete_line(path)
    with path.open("a", encoding="ascii") as file:
        for execution in executions:
            try:
                file.writelines(_lines(execution, machines))
            except UnknownValueError as error:
                yield f"execution {execution.exec_arn}: {error}"
        file.flush()
        os.fsync(file.fileno())


def _lines(execution: Execution, machines: set[str]) -> list[str]:
    whole = record(execution)
    machine = whole.pop("machine")
    key = machine_key(machine.arn, machine.revision_id or "", machine.definition)
    document = write(whole, vocabulary("stepfunctions"), record_attributes)
    lines = [_line("execution", execution.exec_arn, key, document)]
    if key not in machines:
        lines.insert(0, _line("machine", key, write(machine, vocabulary("stepfunctions"), described)))
        machines.add(key)
    return lines


@lru_cache(1024)
def machine_key(arn: str, revision: str, definition: str) -> str:
    return hashlib.sha256(f"{arn}\n{revision}\n{definition}".encode()).hexdigest()


def record_attributes(value: Any) -> Any:
    attributes = described(value)
    if isinstance(value, Execution):
        return {name: each for name, each in attributes.items() if name not in ANEW}
    return attributes


def _line(*fields: Any) -> str:
    return compact(fields) + "\n"


def load(path: Path) -> tuple[list[dict[str, Any]], set[str]]:
    """Return the records of the file and the keys of its state machines. Raises DocumentError.

    A last line that is incomplete, because the process was killed while it wrote it, is cut off.
    """
    machines: dict[str, Any] = {}
    records: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(_complete_lines(path), start=1):
        try:
            kind, key, *content = json.loads(line)
            if kind == "machine":
                machines[key] = _read(content[0])
            else:
                records[key] = with_history(_read(content[1])) | {"machine": machines[content[0]]}
        except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
            raise DocumentError(f"{path}, line {number}: {error}") from error
    return list(records.values()), set(machines)


def _complete_lines(path: Path) -> Iterator[bytes]:
    cut_incomplete_line(path)
    if path.exists():
        with path.open("rb") as file:
            yield from file


def _read(document: Any) -> Any:
    root, nodes = read(document, vocabulary("stepfunctions"))
    for node in nodes:
        renew(node)
    return root


def with_history(saved: dict[str, Any]) -> dict[str, Any]:
    """Return a record with the events of its history. Raises DocumentError."""
    try:
        return saved | {"history": read_history(saved["history"], EVENT)}
    except (TypeError, KeyError) as error:
        raise DocumentError(f"a record is damaged: {type(error).__name__}: {error}") from error


def restore(records: Iterable[dict[str, Any]], running: Iterable[dict[str, Any]]) -> Written:
    """Put executions into their stores, and let those that were running fail."""
    written = {}
    for each in records:
        execution = _restored(each)
        written[execution.exec_arn] = execution.stop_date
    for each in running:
        arn = each["execution"].exec_arn
        if arn not in written or _redrives(each["execution"]) > _redrives(_stored(arn, each["execution"])):
            _fail(_restored(each))
    return written


def _stored(arn: str, like: Execution) -> Execution:
    return sfn_stores[like.account_id][like.region_name].executions[arn]


def _redrives(execution: Execution) -> int:
    redrives = vars(execution).get("_redrives")
    return redrives.count if redrives else 0


def _restored(saved: dict[str, Any]) -> Execution:
    execution: Execution = saved["execution"]
    store = sfn_stores[execution.account_id][execution.region_name]
    execution.state_machine = saved["machine"]
    execution.mock_test_case = execution._cloud_watch_logging_session = None
    execution._activity_store = store.activities
    execution.exec_worker = worker = execution._get_start_execution_worker()
    worker.env = env = worker._get_evaluation_environment()
    history = saved["history"]
    env.event_manager._history_event_list = history
    env.event_manager._event_id_gen._next_id = len(history) + 1
    env.map_run_record_pool_manager._pool.update(saved["map_runs"])
    env._program_state = ProgramEnded()
    vars(env)[LAST_STATE] = saved["last_state"]
    store.executions[execution.exec_arn] = execution
    return execution


def _fail(execution: Execution) -> None:
    event_manager = execution.exec_worker.env.event_manager
    execution.exec_status = ExecutionStatus.FAILED
    execution.stop_date = datetime.datetime.now(tz=datetime.UTC)
    execution.error, execution.cause = "States.Runtime", LOST
    details = ExecutionFailedEventDetails(error=execution.error, cause=LOST)
    event_manager.add_event(
        context=EventHistoryContext(previous_event_id=len(event_manager._history_event_list)),
        event_type=HistoryEventType.ExecutionFailed,
        event_details=EventDetails(executionFailedEventDetails=details),
    )
