"""Load the saved state, before the gateway serves requests.

Stages:
  1. Read everything.
  2. Fill the stores of all services, so that each service finds the others to which it refers.
  3. Let services resume their background work (`services/resumption.py`).

If a part cannot be read, has another format or does not fit into the stores, the whole state is set aside and the cloud
starts empty, because half a state would be worse than none.
"""

import gc
import logging
import time
from typing import Any

from localstack_plugin.persistence import executions, log_events, log_lines
from localstack_plugin.persistence.graph.document import DocumentError
from localstack_plugin.persistence.graph.reading import read
from localstack_plugin.persistence.log_lines import LogProgress
from localstack_plugin.persistence.object_files import ObjectFolder
from localstack_plugin.persistence.saving import Progress
from localstack_plugin.persistence.services import containers, resumption
from localstack_plugin.persistence.services.renewal import renew
from localstack_plugin.persistence.services.stored_objects import drop_incomplete, file_names
from localstack_plugin.persistence.services.vocabularies import vocabulary
from localstack_plugin.persistence.state_folder import StateFolder

LOG = logging.getLogger(__name__)


def load(folder: StateFolder, objects: ObjectFolder) -> Progress:
    """Load the state of the folder, and return what its growing files have. The folder exists afterwards."""
    started = time.monotonic()
    gc.disable()  # many objects, none of them garbage: this saves a third of the time
    try:
        states, progress = _load(folder, objects) if folder.path.exists() else ({}, Progress())
    except Exception as error:  # noqa: BLE001 - a state from elsewhere can have any shape; the cloud starts all the same
        containers.clear()
        aside = folder.set_aside()
        reason = error if isinstance(error, DocumentError) else f"{type(error).__name__}: {error}"
        LOG.error("the saved state cannot be read and is set aside as %s; the cloud starts empty: %s", aside, reason)
        states, progress = {}, Progress()
    finally:
        gc.enable()
    folder.create()
    resumption.install(states.keys())
    if states:
        LOG.info("loaded the state of %s in %.1f s", ", ".join(states), time.monotonic() - started)
    return progress


def _load(folder: StateFolder, objects: ObjectFolder) -> tuple[dict[str, Any], Progress]:
    states, records, machines = _read_all(folder)
    events = log_lines.load(folder)
    for service, state in states.items():
        containers.restore(service, state)
    logged = log_events.restore(events) if "logs" in states else LogProgress()
    written = executions.restore(records, states.get("stepfunctions", {}).get("running", ()))
    _drop_unused(objects)  # at last: files are removed only when all else has succeeded
    return states, Progress(written, machines, logged)


def _drop_unused(objects: ObjectFolder) -> None:
    """Drop objects without a file, and files without an object."""
    for path in drop_incomplete(objects):
        LOG.warning("%s has no complete content and is dropped", path)
    for name in objects.names() - file_names():
        objects.delete(name)


def _read_all(folder: StateFolder) -> tuple[dict[str, Any], list[dict[str, Any]], set[str]]:
    manifest = folder.manifest()
    states = {name: _read(name, folder.document(manifest[name])) for name in containers.SERVICES if name in manifest}
    return states, *executions.load(folder.executions)


def _read(service: str, document: Any) -> Any:
    state, nodes = read(document, vocabulary(service), containers.NamedObjects(service))
    if not isinstance(state, dict):
        raise DocumentError(f"the state of {service} is a {type(state).__name__}")
    for node in nodes:
        renew(node)
    if service == "stepfunctions":
        state["running"] = [executions.with_history(saved) for saved in state.get("running", ())]
    return state
