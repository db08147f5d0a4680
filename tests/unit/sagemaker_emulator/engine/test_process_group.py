"""A container's processes where there is no sandbox."""

import os
import select
import signal
import sys
from pathlib import Path

from sagemaker_emulator.engine.process_container import ProcessGroup

DEADLINE_S = 60
STARTS_A_SESSION = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("started", flush=True)
time.sleep(600)
"""


def test_a_descendant_in_a_session_of_its_own_ends_with_the_process(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    group = ProcessGroup([sys.executable, "-c", STARTS_A_SESSION], {}, tmp_path, writer)
    os.close(writer)
    with os.fdopen(reader) as output:
        assert output.readline() == "started\n"
        group.kill()
        assert select.select([output], [], [], DEADLINE_S)[0], "a process still holds the output"
        assert output.read() == ""
    assert group.wait(DEADLINE_S) == -signal.SIGKILL
