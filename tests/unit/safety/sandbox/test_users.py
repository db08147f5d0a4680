"""Sandboxes for users without privileges, and machines that have none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from safety.sandbox import Sandbox, StartFailed

PERSON = 12345
AS_PERSON = """if True:
    import os, subprocess, sys, tempfile, time
    sys.path.append(sys.argv[1])
    from safety.sandbox import Sandbox, World
    sandbox, marker = Sandbox.open(), f"sleep {time.time_ns()}"
    print(sandbox.availability)
    if sandbox.availability:
        folders = [tempfile.mkdtemp(), tempfile.mkdtemp()]
        script = f"setsid {marker} & (setsid sh -c '{marker} & {marker}' &); sleep 0.2; id -u >/opt/ml/id; touch /tmp/{os.getpid()}"
        process = sandbox.start(["sh", "-c", script], world=World(*folders), environment={"PATH": os.environ["PATH"]},
                                directory="/opt/ml", output=2)
        assert process.wait(60) == 0
        assert subprocess.run(["pgrep", "-f", marker], capture_output=True).returncode == 1, "a child is left"
        assert open(f"{folders[0]}/id").read().strip() == str(os.getuid())
        assert os.listdir(folders[1]) == [str(os.getpid())] and not os.path.exists(f"/tmp/{os.getpid()}")
        process = sandbox.start(["sh", "-c", f"setsid {marker} & {marker}"], world=World(*folders), directory="/",
                                environment={"PATH": os.environ["PATH"]}, output=2)
        process.kill()
        assert process.wait(60) == -9
        assert subprocess.run(["pgrep", "-f", marker], capture_output=True).returncode == 1, "a child is left"
        sandbox.close()
"""  # noqa: E501


def as_person(before: str) -> str:
    """Run the lines above as a user without privileges, after a command of root; return what they printed."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    source = Path(__file__).parents[4] / "src"
    person = f"setpriv --reuid {PERSON} --regid {PERSON} --clear-groups --inh-caps=-all"
    tried = f"{sys.executable} /usr/bin/python3"
    script = f"""{before}
        for python in {tried}; do {person} sh -c '"$0" -c pass' "$python" 2>/dev/null && break; done
        exec {person} "$python" -B -c "$1" {source}"""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", AS_PERSON], text=True, capture_output=True, check=False
    )
    if "Permission denied" in done.stderr or "not found" in done.stderr:
        pytest.skip("a user without privileges can run no Python of this machine, or there is no setpriv")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_unprivileged_user_gets_a_sandbox_through_a_user_namespace() -> None:
    output = as_person("true")
    if "user namespace" in output:
        pytest.skip(output)
    assert output == "processes have their own /opt/ml and /tmp\n"


def test_descendants_end_also_without_a_separate_proc() -> None:
    """In a container a part of /proc is covered, and the kernel then refuses a new one to a user namespace."""
    output = as_person("mount -t tmpfs none /proc/sys")
    if "user namespace" in output:
        pytest.skip(output)
    assert "no own processes" in output


def test_an_unavailable_sandbox_gives_its_reason() -> None:
    sandbox = Sandbox.unavailable("no namespaces here")
    assert not sandbox.availability
    assert "no namespaces here" in str(sandbox.availability)
    with pytest.raises(StartFailed, match="no namespaces here"):
        sandbox.new_network()


def test_other_systems_have_no_sandbox() -> None:
    sandbox = Sandbox.open(system="darwin")
    assert str(sandbox.availability) == "processes share the machine's /opt/ml and /tmp: only Linux has namespaces"
