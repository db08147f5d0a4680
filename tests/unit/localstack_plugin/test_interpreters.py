"""The search for the Python of a function's runtime."""

import os
import sys
from pathlib import Path

import pytest

from localstack_plugin.lambda_executor.interpreters import OWN, found_below, probed

NOBODY = 65534


def test_programs_below_a_folder_are_found(tmp_path: Path) -> None:
    program = tmp_path / "3.12.1/bin/python3.12"
    program.parent.mkdir(parents=True)
    program.touch()
    assert found_below(tmp_path, "3.12.*/bin/python3.12") == [str(program)]
    assert found_below(tmp_path / "missing", "*") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
def test_a_folder_that_the_user_may_not_read_has_no_programs(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir(mode=0o700)
    child = os.fork()
    if child == 0:  # pragma: no cover - the child's exit code is the result
        os.setuid(NOBODY)
        os._exit(0 if found_below(tmp_path / "private" / "versions", "*/bin/python3") == [] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_probe_reads_paths_with_spaces(tmp_path: Path) -> None:
    program = tmp_path / "a folder" / "python"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' '/a b/python' '/a b' '{OWN.version}'\n")
    program.chmod(0o755)
    interpreter = probed(str(program), OWN.runtime)
    assert interpreter is not None
    assert (interpreter.executable, interpreter.prefix) == ("/a b/python", "/a b")


def test_a_program_that_does_not_run_is_no_interpreter(tmp_path: Path) -> None:
    assert probed(str(tmp_path / "missing"), OWN.runtime) is None
    assert probed(sys.executable, "python2.7") is None
