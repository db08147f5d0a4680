"""Failures of an invocation outside the function's code, worded as Lambda words them."""

import json
import signal
from datetime import UTC, datetime


class LambdaExecutorError(Exception):
    """Base class of this package's errors."""


class InvocationError(LambdaExecutorError):
    """The function gave no answer. `payload` is the answer that Lambda gives in its place, `log_lines` what it logs."""

    error_type: str
    status = "error"

    def payload(self, request_id: str) -> bytes:
        message = f"RequestId: {request_id} Error: {self}"
        return json.dumps({"errorType": self.error_type, "errorMessage": message}).encode()

    def log_lines(self, request_id: str) -> list[str]:
        return [f"RequestId: {request_id} Error: {self}", self.error_type]


class InitFailed(InvocationError):
    """The function's module could not be loaded. The runtime client reports why, and has logged it."""

    def __init__(self, reported: bytes) -> None:
        super().__init__(reported.decode(errors="replace"))
        self._reported = reported
        self.error_type = str(json.loads(reported).get("errorType") or "Runtime.Unknown")

    def payload(self, request_id: str) -> bytes:
        return self._reported

    def log_lines(self, request_id: str) -> list[str]:
        return []


class RuntimeExited(InvocationError):
    """The function's process ended during an invocation or its initialization."""

    error_type = "Runtime.ExitError"

    def __init__(self, returncode: int) -> None:
        super().__init__(exit_reason(returncode))


class ResponseTooLarge(InvocationError):
    error_type = "Function.ResponseSizeTooLarge"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"Response payload size exceeded maximum allowed payload size ({limit_bytes} bytes).")

    def payload(self, request_id: str) -> bytes:
        return json.dumps({"errorType": self.error_type, "errorMessage": str(self)}).encode()


class TimedOut(InvocationError):
    error_type = "Sandbox.Timedout"
    status = "timeout"

    def __init__(self, timeout_s: float) -> None:
        super().__init__(f"Task timed out after {timeout_s:.2f} seconds")

    def log_lines(self, request_id: str) -> list[str]:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return [f"{now} {request_id} {self}"]


def exit_reason(returncode: int) -> str:
    if returncode == 0:
        return "Runtime exited without providing a reason"
    if returncode > 0:
        return f"Runtime exited with error: exit status {returncode}"
    description = signal.strsignal(-returncode) or str(-returncode)
    return f"Runtime exited with error: signal: {description.lower()}"
