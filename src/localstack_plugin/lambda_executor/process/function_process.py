"""One process of a function: it is started, initialized once, invoked many times, and killed with its descendants."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from pathlib import Path

from localstack_plugin.lambda_executor.errors import RuntimeExited
from localstack_plugin.lambda_executor.process import bootstrap
from localstack_plugin.lambda_executor.process.output import Output
from localstack_plugin.lambda_executor.process.peak_memory import PeakMemory
from localstack_plugin.lambda_executor.runtime_api.api import Invocation, Outcome, RuntimeApi

ANSWER_GRACE_S = 0.05
"""How long an answer may still arrive after the exit is seen: the process may have sent it before."""


class FunctionProcess:
    """A child process with the Runtime API that it talks to.

    `scratch` is its /tmp and home. It outlives the process: on AWS the environment's next process finds its files.
    """

    def __init__(self, handler: str, task_root: Path, scratch: Path, environment: dict[str, str]) -> None:
        self._output = Output(scratch / ".output")
        self._ended = False
        self._api = RuntimeApi()
        try:
            self._process = self._spawn(handler, task_root, environment)
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
        return self._process.poll() is not None

    def invoke(self, invocation: Invocation) -> Future[Outcome]:
        return self._api.invoke(invocation)

    def kill(self) -> None:
        """End the process, its descendants, and its API."""
        if self._ended:
            return
        self._ended = True
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._api.close()

    def take_output(self) -> str:
        """Return what was written to stdout and stderr since the last call."""
        return self._output.take()

    def peak_memory_mb(self) -> int:
        return self._peak_memory.read_mb()

    def _spawn(self, handler: str, task_root: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        server_pipe = read_end_of_server_pipe()
        return subprocess.Popen(
            [sys.executable, "-S", "-P", bootstrap.__file__, handler],
            cwd=task_root,
            env=environment | {"AWS_LAMBDA_RUNTIME_API": self._api.address, bootstrap.SERVER_PIPE: str(server_pipe)},
            stdin=subprocess.DEVNULL,
            stdout=self._output.file,
            stderr=subprocess.STDOUT,
            pass_fds=[server_pipe],
            start_new_session=True,
        )

    def _watch(self) -> None:
        self._api.fail(RuntimeExited(self._process.wait()), ANSWER_GRACE_S)


@cache
def read_end_of_server_pipe() -> int:
    """Return the reading end of a pipe that is never written to.

    No process inherits the writing end, so it closes when this server's process is gone.
    """
    read_end, _ = os.pipe()
    return read_end


def make_scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="lambda-"))


def remove_scratch(scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
