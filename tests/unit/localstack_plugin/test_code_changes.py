import os
from pathlib import Path

import pytest

from localstack_plugin.lambda_executor.code_changes import WatchedCode


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "app.py").write_text("1")
    return tmp_path


def test_code_that_stays_has_not_changed(folder: Path) -> None:
    code = WatchedCode(folder)
    assert not code.has_changed()


def test_each_change_is_seen_once(folder: Path) -> None:
    code, file = WatchedCode(folder), folder / "package" / "app.py"
    changes = (
        lambda: file.write_text("22"),
        lambda: os.utime(file, ns=(1, 1)),
        lambda: (folder / "other.py").touch(),
        lambda: (folder / "empty").mkdir(),
        lambda: file.unlink(),
    )
    for change in changes:
        change()
        assert (code.has_changed(), code.has_changed()) == (True, False)


def test_bytecode_and_hidden_files_are_not_code(folder: Path) -> None:
    code = WatchedCode(folder)
    for name in ("__pycache__", ".git"):
        (folder / name).mkdir()
        (folder / name / "file").touch()
    (folder / ".app.py.swp").touch()
    assert not code.has_changed()
