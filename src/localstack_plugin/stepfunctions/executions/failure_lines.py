"""LocalStack's log of a failure in an execution: one line with error and cause."""

import logging
from typing import Any

from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import FailureEventException

from localstack_plugin.replacing import replace

LOG = logging.getLogger(__name__)
LIMIT = 500
LOGGED = "_scones_is_logged"


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.component.eval_component:EvalComponent._log_failure_event_exception",
        "localstack.services.stepfunctions.asl.component.eval_component:EvalComponent._log_exception",
        by=_log_once,
        why="LocalStack logs a failure once for each component around it, each time with the component's whole "
        "definition: kilobytes for one failure. Here it is one line with error and cause.",
    )
    # They tell at INFO what each map and each wait does, with the state's whole definition.
    _quieten("localstack.services.stepfunctions.asl.component.state")


def _log_once(component: Any, exception: Exception | None = None, failure_event_exception: Any = None) -> None:
    failure: Any = failure_event_exception or exception
    if getattr(failure, LOGGED, False):
        return
    setattr(failure, LOGGED, True)
    text = " ".join(line_of(failure).split())
    LOG.error("%s", text if len(text) <= LIMIT else f"{text[: LIMIT - 1]}…")


def line_of(failure: Exception) -> str:
    """Return error and cause of a failure."""
    if not isinstance(failure, FailureEventException):
        # the last argument of LocalStack's exceptions is the message; those before it may be the whole input
        return f"state failed: {type(failure).__name__}: {failure.args[-1] if failure.args else 'no message'}"
    event = failure.failure_event
    details: Any = next(iter((event.event_details or {}).values()), {})
    error = event.error_name.error_name if event.error_name else details.get("error")
    return "state failed: " + ": ".join(filter(None, [error, details.get("cause")]))


def _quieten(logger: str) -> None:
    """Leave out what a logger writes at INFO, unless the user wants LocalStack's details (LS_LOG, DEBUG)."""
    if logging.getLogger().getEffectiveLevel() > logging.DEBUG:
        logging.getLogger(logger).setLevel(logging.WARNING)
