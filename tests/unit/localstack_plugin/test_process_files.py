import os
import subprocess
import sys
from pathlib import Path

import pytest

from localstack_plugin.lambda_executor.process.process_files import KEPT_BYTES, Output, Status


@pytest.fixture
def output(tmp_path: Path) -> Output:
    (tmp_path / "output").write_text("of the process before")
    return Output(tmp_path / "output")


def test_what_is_written_is_taken_once(output: Output) -> None:
    assert output.take() == ""
    for text in ("one\n", "zwei: ü\n"):
        os.write(output.file, text.encode())
        assert output.take() == text
        assert output.take() == ""


def test_a_file_that_the_function_removes_goes_on(output: Output, tmp_path: Path) -> None:
    (tmp_path / "output").unlink()
    os.write(output.file, b"after all")
    assert output.take() == "after all"


def test_it_does_not_grow_for_ever(output: Output) -> None:
    for _ in range(5):
        os.write(output.file, b"x" * (KEPT_BYTES // 2))
        assert len(output.take()) == KEPT_BYTES // 2
        assert os.fstat(output.file).st_size < KEPT_BYTES


@pytest.mark.skipif(sys.platform != "linux", reason="of other systems nothing is known")
def test_the_peak_memory_of_a_process_that_runs() -> None:
    waiting = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        status = Status(process.pid)
        assert process.stdout
        process.stdout.readline()
        assert 0 < status.peak_memory_mb() < 1024
        process.communicate(b"go\n")
    assert status.peak_memory_mb() == 0
