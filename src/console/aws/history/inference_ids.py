"""Inference ids: which execution a captured record, or an answer about one, belongs to.

The classify function sends the end of an execution's name as the inference id, which has at most 64 characters. The
whole name of a longer one, as S3 and EventBridge give it, is in a custom attribute of the records of newer versions of
the function. Others are found among the executions of the workflow.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from console.aws import state_machines
from console.aws.captures.records import id_of
from console.aws.client import NAMED_S, Aws
from console.aws.state_machines import Machine
from console.aws.workflow import Workflow
from console.errors import ConsoleError

PAGE, EXECUTIONS_MAX = 1000, 10_000
"""Executions that are searched, the newest first. ListExecutions has no search by name."""
KEPT_S = 10.0


async def executions_of(aws: Aws, workflow: Workflow, names: Mapping[str, str], ends: float) -> dict[str, str]:
    """Return the name of the execution of each inference id; an id whose execution is gone is left out.

    `names` has the whole name for each id, empty if it is not known. The search ends at `ends`, a time of the
    monotonic clock, and goes on with the next call, since pages are kept. Until it has seen all executions, or
    EXECUTIONS_MAX of them, a name that is known counts as that of an execution.
    """
    found: dict[str, str] = {}
    missing = set(names) - {""}
    machine = Machine(workflow.machine_name, workflow.state_machine, "STANDARD", datetime.now(UTC))
    after, seen, keep_s = "", 0, KEPT_S
    while missing:
        try:
            rows, after = await state_machines.executions(aws, machine, after=after, limit=PAGE, keep_s=keep_s)
        except ConsoleError:
            return found | {each: names[each] for each in missing if names[each]}  # the role may not list them
        for row in rows:
            if id_of(row.name) in missing and names[id_of(row.name)] in ("", row.name):
                found[id_of(row.name)] = row.name
                missing.remove(id_of(row.name))
        seen, keep_s = seen + len(rows), NAMED_S
        if not after:
            return found
        if seen >= EXECUTIONS_MAX or time.monotonic() >= ends:
            break
    return found | {each: names[each] for each in missing if names[each]}
