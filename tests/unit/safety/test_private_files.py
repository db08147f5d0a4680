"""Files that other users cannot read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from safety.private_files import close_folder, make_private, private_umask


def rights(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_what_is_created_meanwhile_is_private(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with private_umask():
            (tmp_path / "private").write_text("")
            (tmp_path / "folder").mkdir()
        (tmp_path / "usual").write_text("")
    finally:
        os.umask(before)
    assert rights(tmp_path / "private") == 0o600
    assert rights(tmp_path / "folder") == 0o700
    assert rights(tmp_path / "usual") == 0o644


def test_wider_rights_are_narrowed_at_every_depth(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "models" / "deep").mkdir(parents=True)
    program = state / "models" / "deep" / "train"
    program.write_text("")
    for path in (state, state / "models", state / "models" / "deep", program):
        path.chmod(0o777)
    make_private(state)
    assert {rights(path) for path in (state, *state.rglob("*"))} == {0o700}


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    outside.chmod(0o755)
    state = tmp_path / "state"
    state.mkdir()
    (state / "link").symlink_to(outside)
    make_private(state)
    assert rights(outside) == 0o755


def test_a_missing_folder_is_created_closed(tmp_path: Path) -> None:
    close_folder(tmp_path / "a" / "state")
    assert rights(tmp_path / "a" / "state") == 0o700
