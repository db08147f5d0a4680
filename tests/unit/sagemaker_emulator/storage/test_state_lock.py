"""The lock of a state directory says why it cannot be taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from sagemaker_emulator.storage.state_lock import StateInUse, state_lock


def test_a_second_emulator_is_told_of_the_first(tmp_path: Path) -> None:
    second = state_lock(tmp_path, wait_s=0.0)
    with state_lock(tmp_path), pytest.raises(StateInUse, match="is in use by the emulator with process id"):
        second.__enter__()


def test_a_directory_in_the_place_of_the_lock_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with state_lock(tmp_path):
        assert (tmp_path / "lock").is_file()
    assert [path.is_dir() for path in (tmp_path / "set-aside").iterdir()] == [True]
