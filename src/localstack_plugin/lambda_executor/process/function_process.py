"""One process of a function: it is started, initialized once, invoked many times, and killed with its descendants."""

import secrets
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path

from localstack_plugin.lambda_executor.errors import RuntimeExited
from localstack_plugin.lambda_executor.interpreters import Interpreter
from localstack_plugin.lambda_executor.process import bootstrap, start
from localstack_plugin.lambda_executor.process.command import command_of
from localstack_plugin.lambda_executor.process.folders import Folders
from localstack_plugin.lambda_executor.process.output import Output
from localstack_plugin.lambda_executor.process.peak_memory import PeakMemory
from localstack_plugin.lambda_executor.runtime_api.api import RuntimeApi
from localstack_plugin.lambda_executor.runtime_api.invocations import Invocation, Outcome
from localstack_plugin.lambda_executor.runtime_api.line import Line
from safety.sandbox import Sandbox

ANSWER_GRACE_S = 0.05
"""How long an answer may still arrive after the exit is seen: the process may have sent it before."""
SECRET_BYTES = 16


class FunctionProcess:
    """A child process with the Runtime API that it talks to.

    `scratch` has its output and its /tmp, which outlive it: on AWS the environment's next process finds the files.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        handler: str,
        folders: Folders,
        scratch: Path,
        environment: Mapping[str, str],
        sandbox: Sandbox,
    ) -> None:
        self._output = Output(scratch / "output")
        self._ended = False
        secret = secrets.token_hex(SECRET_BYTES)
        ours, theirs = socket.socketpair()
        self._line = Line(ours)
        self._api = RuntimeApi(secret, self._line)
        seen = start.seen_by_function(sandbox, folders)
        command = command_of(interpreter, environment, seen)
        own = {"AWS_LAMBDA_RUNTIME_API": self._api.address, bootstrap.SECRET: secret, bootstrap.HANDLER: handler}
        try:
            with theirs:
                self._process = start.start(
                    sandbox,
                    command,
                    folders,
                    {**environment, **own},
                    self._output.file,
                    theirs.fileno(),
                    (interpreter.prefix,),
                )
        except OSError:
            self._api.close()
            raise
        self._peak_memory = PeakMemory(self._process.pid)
        threading.Thread(target=self._watch, name=f"lambda-exit-{self._process.pid}", daemon=True).start()

    @property
    def initialized(self) -> Future[None]:
        return self._api.initialized

    @property
    def has_exited(self) -> bool:
        return self._process.returncode is not None  # the watching thread waits for it

    def invoke(self, invocation: Invocation, timeout_s: float) -> Outcome:
        """Return the answer. TimeoutError; InvocationError if there will be none."""
        return self._api.invoke(invocation, timeout_s)

    def kill(self) -> None:
        """End the process, its descendants, and its API."""
        if self._ended:
            return
        self._ended = True
        start.end(self._process)
        self._api.close()

    def take_output(self) -> str:
        """Return what was written to stdout and stderr since the last call."""
        return self._output.take()

    def peak_memory_mb(self) -> int:
        return self._peak_memory.read_mb()

    def _watch(self) -> None:
        self._api.end(RuntimeExited(self._process.wait()), ANSWER_GRACE_S)
        time.sleep(ANSWER_GRACE_S)
        self._line.end()  # a child that has survived may hold it open


def make_scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="lambda-"))


def remove_scratch(scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
