"""The end of a function's process where there is no sandbox."""

import select
import signal
import subprocess
import sys

from localstack_plugin.lambda_executor.process.start import end

DEADLINE_S = 60
STARTS_A_SESSION = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("started", flush=True)
time.sleep(600)
"""


def test_a_child_in_a_session_of_its_own_ends_with_the_function() -> None:
    command = [sys.executable, "-c", STARTS_A_SESSION]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True, bufsize=0) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        end(process)
        assert select.select([process.stdout], [], [], DEADLINE_S)[0], "a process still holds the output"
        assert process.stdout.read() == b""
    assert process.returncode == -signal.SIGKILL
