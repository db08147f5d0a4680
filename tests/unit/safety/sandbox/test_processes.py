"""Processes in sandboxes: their start, their end, the signals that reach them, and their children."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.unit.safety.sandbox.host import DEADLINE_S, Host, is_gone
from tests.waiting import until

from safety.sandbox import StartFailed


def test_the_exit_code_and_the_signal_are_reported(host: Host) -> None:
    assert host.run("exit 3")[0] == 3
    assert host.run("kill -SEGV $$")[0] == -signal.SIGSEGV


def test_a_shell_stops_at_sigterm(host: Host) -> None:
    process = host.start("echo on; sleep 1000")
    until(lambda: host.output.read_text() == "on\n", "the program to run")
    process.terminate()
    assert process.wait(DEADLINE_S) == -signal.SIGTERM


def test_a_program_can_handle_sigterm_and_still_be_killed(host: Host) -> None:
    process = host.start("trap 'echo term' TERM; echo on; while :; do sleep 0.05; done")
    until(lambda: host.output.read_text() == "on\n", "the program to run")
    process.terminate()
    until(lambda: "term" in host.output.read_text(), "the program to handle SIGTERM")
    assert process.poll() is None
    process.kill()
    assert process.wait(DEADLINE_S) == -signal.SIGKILL


def test_signals_that_come_too_late_change_nothing(host: Host) -> None:
    for _ in range(20):
        process = host.start("exit 5")
        for _ in range(30):  # some are sent while it ends, and are never read
            process.send_signal(signal.SIGCONT)
        assert process.wait(DEADLINE_S) == 5


def test_all_descendants_end_with_the_process(host: Host) -> None:
    marker = f"sleep {time.time_ns()}"
    code, _ = host.run(f"setsid {marker} & (setsid sh -c '{marker} & {marker}' &) ; sleep 0.2; exit 4")
    assert code == 4
    assert is_gone(marker)


def test_a_process_sees_only_its_own_processes(host: Host) -> None:
    if host.sandbox.availability.processes:
        pytest.skip(host.sandbox.availability.processes)
    _, output = host.run("cat /proc/[0-9]*/environ | tr '\\0' '\\n'; echo; ls -d /proc/[0-9]*")
    assert f"/proc/{os.getpid()}" not in output.split()
    assert "PYTEST_CURRENT_TEST" not in output


def test_the_process_id_is_the_one_in_the_servers_proc(host: Host) -> None:
    process = host.start("exec sleep 1000")
    until(lambda: Path(f"/proc/{process.pid}/cmdline").read_text() == "sleep\x001000\x00", "the command line of sleep")
    assert "VmHWM" in Path(f"/proc/{process.pid}/status").read_text()
    process.kill()
    process.wait(DEADLINE_S)


def test_a_missing_program_fails_the_start(host: Host) -> None:
    with pytest.raises(StartFailed, match=r"No such file or directory.*no-such-program"):
        host.sandbox.start(["no-such-program"], world=host.world, environment={}, directory="/", output=1)


def test_wait_gives_up_after_its_timeout(host: Host) -> None:
    process = host.start("sleep 1000")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.kill()
    assert process.wait(DEADLINE_S) == -signal.SIGKILL


def test_a_process_ends_when_nobody_refers_to_it(host: Host) -> None:
    marker = f"sleep {time.time_ns()}"
    process = host.start(f"setsid {marker} & {marker}")
    until(lambda: not is_gone(marker), "the processes to run")
    del process
    until(lambda: is_gone(marker), "the end of the processes")


def test_the_processes_of_a_killed_server_end(host: Host) -> None:
    marker = f"sleep {time.time_ns()}"
    server = f"""if True:
        import sys, time
        from safety.sandbox import Sandbox, World
        sandbox = Sandbox.open()
        process = sandbox.start(["sh", "-c", "setsid {marker} & {marker}"], world=World({str(host.opt_ml)!r}),
                                environment={{"PATH": {os.environ["PATH"]!r}}}, directory="/", output=2)
        print("on", flush=True)
        time.sleep(1000)
    """
    process = subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"on\n"
        process.kill()
    until(lambda: is_gone(marker), "the end of the processes")


def test_a_program_inherits_a_file_and_finds_its_number_in_a_variable(host: Host) -> None:
    write = "import os; os.write(int(os.environ['LINE']), b'hello')"
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = host.start(f'"{sys.executable}" -c "{write}"', inherited=("LINE", theirs.fileno()))
        assert process.wait(DEADLINE_S) == 0
        assert (ours.recv(16), ours.recv(16)) == (b"hello", b"")  # nobody else holds it open


def test_a_program_inherits_nothing_of_its_keeper(host: Host) -> None:
    listed = "import os; print([number for number in range(3, 64) if os.path.exists(f'/proc/self/fd/{number}')])"
    assert host.run(f'"{sys.executable}" -c "{listed}"') == (0, "[]\n")


def test_a_program_that_moves_to_the_group_of_a_child_still_gets_signals(low_host: Host) -> None:
    moves = """if True:
        import os, time
        child = os.fork()
        if child:
            os.setpgid(child, child)
            os.setpgid(0, child)
            os.kill(child, 9)
            os.waitpid(child, 0)
            print("moved", flush=True)
        time.sleep(1000)
    """
    process = low_host.start(f"exec '{sys.executable}' -c '{moves}'")
    until(lambda: low_host.output.read_text() == "moved\n", "the program to leave its group")
    process.terminate()
    assert process.wait(DEADLINE_S) == -signal.SIGTERM
