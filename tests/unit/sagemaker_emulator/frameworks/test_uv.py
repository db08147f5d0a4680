"""Watched programs: their output, their last lines, and their end when the caller ends."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from sagemaker_emulator.frameworks.uv import NoSolution, Uv, UvError, run_watched


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_the_output_of_a_program_is_returned_with_its_last_lines() -> None:
    output, lines = run_watched(
        python("import sys; print('out'); print('a\\n\\nb', file=sys.stderr)"), os.environ, print
    )
    assert (output, lines) == ("out\n", ["a", "b"])


def test_a_program_that_fails_has_no_output() -> None:
    assert run_watched(python("exit('why')"), os.environ, print) == (None, ["why"])


def test_a_program_ends_with_an_exception_of_its_watcher() -> None:
    def stop(_: str) -> None:
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_watched(python("import time; time.sleep(600)"), os.environ, stop)
    assert time.monotonic() - started < 60


def test_no_solution_is_told_from_other_failures() -> None:
    uv = Uv(sys.executable, os.environ)
    with pytest.raises(NoSolution):
        uv.run("-c", "exit('x No solution found when resolving dependencies')")
    with pytest.raises(UvError, match="network") as caught:
        uv.run("-c", "exit('network')")
    assert not isinstance(caught.value, NoSolution)


def test_the_kits_uv_is_used_unless_uv_names_another() -> None:
    assert Uv.of_machine({"PATH": ""}).program == str(Path(sys.executable).with_name("uv"))
    assert Uv.of_machine({"PATH": "", "UV": "/mine/uv"}).program == "/mine/uv"


def test_uv_is_found_beside_its_package_in_the_environment_that_a_wheels_kits_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, kit = tmp_path / "shared", tmp_path / "kit"
    package = shared / "lib" / "python3.11" / "site-packages" / "uv"
    for folder in (package, shared / "bin", kit / "bin"):
        folder.mkdir(parents=True)
    (package / "__init__.py").touch()
    (shared / "bin" / "uv").touch()
    monkeypatch.setattr(sys, "executable", str(kit / "bin" / "python"))
    monkeypatch.syspath_prepend(package.parent)
    assert Uv.of_machine({"PATH": ""}).program == str(shared / "bin" / "uv")


def test_a_program_that_does_not_exist_is_named() -> None:
    with pytest.raises(UvError, match="/no/uv"):
        Uv("/no/uv", os.environ).run("venv")
