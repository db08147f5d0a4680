"""The start of a process by a clock that nobody sets."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from safety.process_start import running_for_s, started_s

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")


def test_the_start_is_that_of_the_process() -> None:
    started = started_s(os.getpid())
    assert started is not None
    assert abs(running_for_s(started) - (time.time() - psutil.Process().create_time())) < 2


def test_a_name_with_blanks_and_parentheses_is_skipped() -> None:
    """The second field of /proc/<pid>/stat is the name, as the program chose it."""
    name = "import ctypes, sys; ctypes.CDLL(None).prctl(15, b') a ( b)'); print('named', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline() == b"named\n"
        started = started_s(child.pid)
        child.communicate()
    assert started is not None
    assert 0 <= running_for_s(started) < 60


def test_a_process_that_is_gone_has_no_start() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert started_s(child.pid) is None
