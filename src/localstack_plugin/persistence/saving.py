"""Save the state as it changes.

A thread waits for a change, waits a second for more, and forks. The child has a consistent image of all objects,
because this thread holds Python's global lock during `fork`. The child writes the image and exits, while the parent
serves requests. A save ends before the next begins, so the state on disk is behind by at most two saves, a pause and
that second. `pace.py` chooses them, and the priority of the child, so that this takes less than five seconds.

The child closes all inherited files, above all the gateway's sockets: if the server were killed, they would keep its
port in use. It takes no lock that another thread of the parent may hold, so it does not log; it sends its report
through a pipe.
"""

import gc
import json
import logging
import os
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from localstack_plugin.persistence import executions, log_events
from localstack_plugin.persistence.changes import Changes
from localstack_plugin.persistence.graph.document import UnknownValueError
from localstack_plugin.persistence.graph.writing import write
from localstack_plugin.persistence.log_events import without_events
from localstack_plugin.persistence.log_lines import LogProgress, append
from localstack_plugin.persistence.object_files import STORED_AS, ObjectFolder
from localstack_plugin.persistence.pace import gathered_for, niceness_after, pause_after
from localstack_plugin.persistence.services import containers
from localstack_plugin.persistence.services.vocabularies import vocabulary
from localstack_plugin.persistence.state_folder import StateFolder

LOG = logging.getLogger(__name__)
LARGE = ("s3", "logs")
"""Services that are saved only if they themselves have changed. The others are saved with every change, because some of
their changes, such as those of a stack's resources, happen in the background, without a request."""


class SaveError(RuntimeError):
    """A save has failed; the previous one is still there."""


@dataclass
class Plan:
    """The work of one save."""

    services: tuple[str, ...]
    streams: list[Any]
    """The log streams whose events are counted when they are saved."""
    garbage: list[str]


@dataclass
class Progress:
    """The executions, state machines and log events that earlier saves have appended to the files."""

    written: executions.Written = field(default_factory=dict)
    machines: set[str] = field(default_factory=set)
    logged: LogProgress = field(default_factory=LogProgress)


class Saver:
    """Saves the state of this process. Any thread may call `save`; one at a time proceeds."""

    def __init__(self, folder: StateFolder, objects: ObjectFolder, changes: Changes, progress: Progress) -> None:
        self._folder = folder
        self._objects = objects
        self._changes = changes
        self._progress = progress
        self._turn = threading.Lock()
        self._complained: set[str] = set()
        self._took_s = 0.0

    def start(self) -> None:
        threading.Thread(target=self._run, name="state-saver", daemon=True).start()

    def save(self) -> None:
        """Save everything that has changed so far. Raises SaveError."""
        with self._turn:
            changed = self._changes.take()
            if not changed:
                return
            try:
                self._save(changed)
            except BaseException:  # whatever the reason, the changes are still to be saved
                for service in changed:
                    self._changes.mark(service)
                raise

    def paused(self) -> threading.Lock:
        """Return the lock that a save takes. While it is held, nothing in the folder changes but new objects."""
        return self._turn

    def _run(self) -> None:
        while self._changes.wait():
            time.sleep(gathered_for(self._took_s))
            started = time.monotonic()
            try:
                self.save()
            except (SaveError, OSError) as error:
                LOG.error("the state could not be saved and will be tried again: %s", error)
            self._took_s = time.monotonic() - started
            time.sleep(pause_after(self._took_s))

    def _save(self, changed: frozenset[str]) -> None:
        plan = self._plan(changed)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            self._write_and_exit(plan, writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            report = pipe.read()
        os.waitpid(child, 0)
        self._apply(plan, json.loads(report) if report else {"error": "its process ended without a report"})

    def _plan(self, changed: frozenset[str]) -> Plan:
        loaded = [service for service in containers.SERVICES if containers.is_loaded(service)]
        services = tuple(service for service in loaded if service in changed or service not in LARGE)
        for service in services:
            vocabulary(service)  # imports the classes now, because the child must not import
        streams = list(log_events.streams().values()) if "logs" in services else []
        return Plan(services, streams, list(self._objects.garbage) if "s3" in services else [])

    def _apply(self, plan: Plan, report: dict[str, Any]) -> None:
        if error := report.get("error"):
            raise SaveError(error)
        for problem in set(report["problems"]) - self._complained:
            self._complained.add(problem)
            LOG.error("a part of the state cannot be saved: %s", problem)
        self._progress.written |= {arn: datetime.fromisoformat(stopped) for arn, stopped in report["ended"].items()}
        self._progress.machines |= set(report["machines"])
        if report["log_events"]:
            counts, in_file = report["log_events"]
            self._progress.logged = LogProgress(dict(zip(plan.streams, counts, strict=True)), in_file)
        deleted = set(report["deleted"])
        self._objects.garbage[:] = [name for name in self._objects.garbage if name not in deleted]

    def _write_and_exit(self, plan: Plan, report_to: int) -> NoReturn:
        try:
            gc.disable()
            sys.setswitchinterval(60)
            os.closerange(3, report_to)
            os.closerange(report_to + 1, os.sysconf("SC_OPEN_MAX"))
            os.nice(niceness_after(self._took_s))
            report = self._write(plan)
        except BaseException:  # noqa: BLE001 - the edge of a process
            report = {"error": traceback.format_exc(limit=-3)}
        os.write(report_to, json.dumps(report).encode())
        os._exit(0)

    def _write(self, plan: Plan) -> dict[str, Any]:
        problems: list[str] = []
        documents = {}
        used: set[str] = set()
        for service in plan.services:
            try:
                documents[service] = document_of(service, used)
            except UnknownValueError as error:
                problems.append(f"{service}: {error}")
        machines = set(self._progress.machines)
        # Not those of the plan: one that ends between the plan and the fork would be neither ended nor running.
        ended = executions.ended(self._progress.written) if "stepfunctions" in plan.services else []
        if ended:
            problems += executions.append(self._folder.executions, ended, machines)
        log_file, logged = None, None
        if "logs" in documents:
            log_file, in_file = append(self._folder, log_events.streams(), self._progress.logged)
            logged = [len(stream.events) for stream in plan.streams], in_file
        self._folder.write(documents, log_file)
        deleted = [name for name in set(plan.garbage) - used if "s3" in documents]
        for name in deleted:
            self._objects.delete(name)
        new_machines = sorted(machines - self._progress.machines)
        return {
            "problems": problems,
            "ended": {each.exec_arn: each.stop_date.isoformat() for each in ended},
            "machines": new_machines,
            "log_events": logged,
            "deleted": deleted,
        }


def document_of(service: str, used_files: set[str]) -> Any:
    """Return the document of a service, and add the names of the files that its objects refer to."""
    state = containers.state_of(service)
    if service == "stepfunctions":
        state["running"] = executions.running_records()

    def describe(value: Any) -> Any:
        attributes = without_events(value, executions.record_attributes(value))
        if name := attributes.get(STORED_AS):
            used_files.add(name)
        return attributes

    return write(state, vocabulary(service), describe, containers.names(service))
