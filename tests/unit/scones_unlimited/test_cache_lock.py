from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scones_unlimited.cache_lock import locked
from scones_unlimited.errors import InstallationError

HOLD = (
    "import sys; from pathlib import Path; from scones_unlimited.cache_lock import locked\n"
    "with locked(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
)


def test_a_second_process_waits_and_names_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], text=True, **pipes) as holder:  # type: ignore[call-overload]
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InstallationError, match=f"kill {holder.pid}"), locked(tmp_path, timeout_s=0.1):
            pytest.fail("two processes hold the lock")
        holder.stdin.close()
        with locked(tmp_path):
            assert f"another scones (pid {holder.pid})" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_is_an_error_that_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InstallationError, match="Set XDG_CACHE_HOME"), locked(tmp_path / "file" / "cache"):
        pytest.fail("the lock is held")
