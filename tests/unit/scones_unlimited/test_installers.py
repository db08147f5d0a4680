"""The choice between uv and pip, and what is said when they fail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scones_unlimited.errors import InstallationError
from scones_unlimited.installers import Pip, Uv, base_python, installer, run


def test_the_uv_that_runs_this_process_creates_the_environments() -> None:
    tool = installer({"UV": "/opt/uv"})
    assert isinstance(tool, Uv)
    assert tool.program == "/opt/uv"


def test_without_uv_pip_creates_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert isinstance(installer({}), Pip)


def test_pip_creates_an_environment_of_the_base_python(tmp_path: Path) -> None:
    Pip({"PATH": "/usr/bin:/bin"}).make(tmp_path / "environment")
    assert (tmp_path / "environment" / "bin" / "python").resolve() == Path(base_python())
    assert (tmp_path / "environment" / "bin" / "pip").is_file()


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("The virtual environment was not created: ensurepip is not available", "apt install python3-venv"),
        ("invalid peer certificate: UnknownIssuer", "Set SSL_CERT_FILE"),
        ("Failed to fetch: dns error", "PIP_INDEX_URL"),
    ],
)
def test_a_failure_shows_the_output_and_says_what_to_do(output: str, advice: str) -> None:
    command = [sys.executable, "-c", f"import sys; sys.stderr.write({output!r}); sys.exit(2)"]
    with pytest.raises(InstallationError, match=advice) as raised:
        run(command, {})
    assert output in str(raised.value)


def test_a_program_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match=f"{tmp_path}/uv cannot be run: No such file"):
        run([str(tmp_path / "uv")], {})
