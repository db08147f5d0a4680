"""Another user of this machine, whom the test creates, tries the ports and the state folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.attacks.tally import Tally
from tests.attacks.victim import Cloud

from safety.peer_owner import PeerGuard

USER = "scones-attacker"
TIMEOUT_S = 120.0


@pytest.fixture(scope="module")
def other_user() -> Iterator[str]:
    if not PeerGuard().can_tell:
        pytest.skip(f"{sys.platform} does not report who connects (SECURITY.md)")
    if os.geteuid() != 0 or shutil.which("useradd") is None:
        pytest.skip("needs root and useradd to create another user")
    subprocess.run(["useradd", "--no-create-home", "--shell", "/bin/sh", USER], check=True, timeout=TIMEOUT_S)
    try:
        yield USER
    finally:
        subprocess.run(["userdel", USER], check=True, timeout=TIMEOUT_S)


def run_as(user: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the system as the user, who cannot read this checkout."""
    return subprocess.run(
        command,
        user=user,
        group=user,
        extra_groups=[],
        cwd="/",
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )


def test_another_user_is_refused_on_every_port(cloud: Cloud, tally: Tally, other_user: str) -> None:
    script = (
        'exec 3<>/dev/tcp/127.0.0.1/$1; printf "GET /health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n" >&3; cat <&3'
    )
    for name, port in cloud.ports.items():
        answer = run_as(other_user, "bash", "-c", script, "attack", str(port)).stdout
        got_through = " 403 " not in answer.partition("\n")[0] or f"not to {other_user}" not in answer
        tally.add("another user: ports", name, got_through)
        assert not got_through, (name, answer)


def test_another_user_reads_nothing_of_the_state(cloud: Cloud, tally: Tally, other_user: str) -> None:
    folder = cloud.settings.state_dir
    for path in [folder, *folder.rglob("*")]:
        if path.is_symlink():
            continue
        tally.add("another user: files", str(path), bool(path.lstat().st_mode & 0o077))
    assert run_as(other_user, "ls", str(folder)).returncode != 0
    assert run_as(other_user, "cat", str(folder / "sagemaker" / "sagemaker.sqlite3")).returncode != 0
    assert tally.got_through["another user: files"] == []


def test_the_folder_above_can_be_entered(cloud: Cloud, other_user: str) -> None:
    """The control: what stops the other user is the state folder itself."""
    above: Path = cloud.settings.state_dir.parent
    assert run_as(other_user, "test", "-x", str(above)).returncode == 0
