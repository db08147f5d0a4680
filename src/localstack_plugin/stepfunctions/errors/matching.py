"""Which errors a Retrier or Catcher takes.

docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html: States.ALL takes neither
States.DataLimitExceeded nor States.Runtime, and States.Runtime always fails the execution. States.TaskFailed takes any
error but States.Timeout.
"""

from typing import Final

ALL, TASK_FAILED, TIMEOUT = "States.ALL", "States.TaskFailed", "States.Timeout"
RUNTIME, DATA_LIMIT_EXCEEDED = "States.Runtime", "States.DataLimitExceeded"
TERMINAL: Final = (RUNTIME, DATA_LIMIT_EXCEEDED)


def takes(error_equals: list[str | None], error: str | None) -> bool:
    if error == RUNTIME:
        return False
    if ALL in error_equals:
        return error not in TERMINAL
    if TASK_FAILED in error_equals and error not in (TIMEOUT, *TERMINAL):
        return True
    return error in error_equals
