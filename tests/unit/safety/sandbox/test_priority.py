"""The priority of programs in sandboxes: the niceness that was asked for, and scheduling groups."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.unit.safety.sandbox.conftest import NICENESS
from tests.unit.safety.sandbox.host import DEADLINE_S, Host, is_gone
from tests.waiting import until

from safety.sandbox import SandboxedProcess
from safety.sandbox.priority import lower_priority

MOST_NICENESS = 19


def autogroup(process: SandboxedProcess) -> str:
    """Return the name and the niceness of a process's scheduling group, empty where the system has none."""
    file = Path(f"/proc/{process.pid}/autogroup")
    return file.read_text() if file.exists() else ""


def own_niceness(added: int = 0) -> int:
    """Return this process's niceness and what is added, as far as there is more niceness."""
    return min(os.getpriority(os.PRIO_PROCESS, 0) + added, MOST_NICENESS)


def niceness_inside(host: Host) -> int:
    """Return the niceness of a grandchild of the keeper's."""
    code, output = host.run("(nice; exit 0)")
    assert code == 0
    return int(output)


def test_without_a_niceness_each_program_has_a_session_and_a_scheduling_group(host: Host) -> None:
    first, second = host.start("sleep 1000"), host.start("sleep 1000")
    assert [os.getsid(process.pid) for process in (first, second)] == [first.pid, second.pid]
    assert not autogroup(first) or autogroup(first) != autogroup(second)


def test_with_a_niceness_programs_lead_process_groups_in_one_session_and_one_scheduling_group(low_host: Host) -> None:
    first, second = low_host.start("sleep 1000"), low_host.start("sleep 1000")
    assert [os.getpgid(process.pid) for process in (first, second)] == [first.pid, second.pid]
    assert os.getsid(first.pid) == os.getsid(second.pid) != os.getsid(0)
    assert autogroup(first) == autogroup(second)


def test_without_a_niceness_programs_have_that_of_the_server(host: Host) -> None:
    assert niceness_inside(host) == own_niceness()
    assert autogroup(host.start("sleep 1000")).split()[1:] in (["nice", "0"], [])


def test_programs_inherit_the_niceness_of_the_server_and_what_is_added(low_host: Host) -> None:
    assert niceness_inside(low_host) == own_niceness(NICENESS)


def test_the_scheduling_group_has_the_niceness(low_host: Host) -> None:
    group = autogroup(low_host.start("sleep 1000"))
    if not group or os.geteuid() != 0:
        pytest.skip("only Linux has autogroups, and only root can be sure to write one")
    assert group.endswith(f"nice {NICENESS}\n")


def test_the_niceness_is_added_to_that_of_the_group() -> None:
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as process:
        lower_priority(process.pid, NICENESS)
        lower_priority(process.pid, NICENESS)
        niceness = os.getpriority(os.PRIO_PROCESS, process.pid)
        process.kill()
    assert niceness == own_niceness(2 * NICENESS)


def test_a_priority_that_the_system_refuses_changes_nothing() -> None:
    before = own_niceness()
    lower_priority(2**30, NICENESS)  # no such process group, and no such file
    assert own_niceness() == before


def test_a_signal_reaches_the_whole_group(low_host: Host) -> None:
    process = low_host.start("(trap 'echo child' TERM; echo on; while :; do sleep 0.05; done) & trap '' TERM; wait")
    until(lambda: low_host.output.read_text() == "on\n", "the child to run")
    process.terminate()
    until(lambda: "child" in low_host.output.read_text(), "the child to handle SIGTERM")
    assert process.poll() is None


def test_a_kill_ends_grandchildren_in_the_group_and_in_sessions_of_their_own(low_host: Host) -> None:
    marker = f"sleep {time.time_ns()}"
    process = low_host.start(f"({marker} & setsid {marker} & echo on; wait) & wait")
    until(lambda: low_host.output.read_text() == "on\n", "the grandchildren to be started")
    process.kill()
    assert process.wait(DEADLINE_S) == -signal.SIGKILL
    assert is_gone(marker)
