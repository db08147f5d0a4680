"""Processes are recognized by pid and start, whatever the clock says."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest

from local_cloud import processes
from local_cloud.errors import LocalCloudError
from local_cloud.state import locked


class SteppedClock:
    """A psutil whose creation times moved with the wall clock by an hour."""

    NoSuchProcess, STATUS_ZOMBIE = psutil.NoSuchProcess, psutil.STATUS_ZOMBIE

    class Process(psutil.Process):  # type: ignore[misc]
        def create_time(self) -> float:
            return float(super().create_time()) + 3600


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux has a start that no clock moves")
def test_a_clock_that_is_set_does_not_make_a_server_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = processes.created_s(os.getpid())
    monkeypatch.setattr(processes, "psutil", SteppedClock)
    process = processes.find(os.getpid(), recorded)
    assert process is not None
    assert 0 <= processes.running_s(process) < time.time() - psutil.Process().create_time() + 60


def test_a_record_of_an_earlier_version_has_epoch_seconds() -> None:
    assert processes.find(os.getpid(), psutil.Process().create_time()) is not None


def test_a_process_with_the_pid_of_an_earlier_one_is_a_stranger() -> None:
    assert processes.find(os.getpid(), processes.created_s(os.getpid()) - 5) is None


def test_a_folder_in_the_place_of_the_lock_is_moved_aside(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    (tmp_path / "lock" / "kept").write_text("")
    lines: list[str] = []
    with locked(tmp_path, lines.append, timeout_s=1):
        assert (tmp_path / "lock").is_file()
    (aside,) = tmp_path.glob("lock.*")
    assert (aside / "kept").exists()
    assert str(aside) in lines[0]


def test_a_state_folder_on_a_drive_of_windows_is_refused(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"C:\\134 {tmp_path} 9p rw,aname=drvfs;path=C:\\ 0 0\n")
    refused = pytest.raises(LocalCloudError, match=r"is on a drive of Windows.*SCONES_STATE_DIR")
    with refused, locked(tmp_path / "state", print, timeout_s=1, mounts=mounts):
        pass
    assert not (tmp_path / "state").exists()
