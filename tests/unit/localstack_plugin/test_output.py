import os
import subprocess
import sys
from pathlib import Path

import pytest

from localstack_plugin.lambda_executor.process.output import TRUNCATED_AT_BYTES, Output
from localstack_plugin.lambda_executor.process.peak_memory import PeakMemory


@pytest.fixture
def output(tmp_path: Path) -> Output:
    (tmp_path / "output").write_text("output of an earlier process")
    return Output(tmp_path / "output")


def test_output_is_taken_once(output: Output) -> None:
    assert output.take() == ""
    for text in ("one\n", "zwei: ü\n"):
        os.write(output.file, text.encode())
        assert output.take() == text
        assert output.take() == ""


def test_output_is_read_from_a_file_that_the_function_has_removed(output: Output, tmp_path: Path) -> None:
    (tmp_path / "output").unlink()
    os.write(output.file, b"after all")
    assert output.take() == "after all"


def test_the_file_does_not_grow_without_limit(output: Output) -> None:
    for _ in range(5):
        os.write(output.file, b"x" * (TRUNCATED_AT_BYTES // 2))
        assert len(output.take()) == TRUNCATED_AT_BYTES // 2
        assert os.fstat(output.file).st_size < TRUNCATED_AT_BYTES


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux")
def test_peak_memory_is_read_until_the_process_ends() -> None:
    waiting = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        peak_memory = PeakMemory(process.pid)
        assert process.stdout
        process.stdout.readline()
        assert 0 < peak_memory.read_mb() < 1024
        process.communicate(b"go\n")
    assert peak_memory.read_mb() == 0
