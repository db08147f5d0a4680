"""The lock of a state directory says why it cannot be taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from sagemaker_emulator.storage.state_lock import StateInUse, state_lock


def test_a_second_emulator_is_told_of_the_first(tmp_path: Path) -> None:
    second = state_lock(tmp_path, wait_s=0.0)
    with state_lock(tmp_path), pytest.raises(StateInUse, match="is in use by the emulator with process id"):
        second.__enter__()


def test_a_directory_in_the_place_of_the_lock_is_named(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(StateInUse, match="lock is a directory, where the emulator keeps a file"), state_lock(tmp_path):
        pass
