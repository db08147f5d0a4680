"""Benchmarks fail when they miss an aim, so that `make bench` does."""

from __future__ import annotations

import runpy
import socket
import subprocess
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SHARED = {"aims.py", "drift_shifts.py", "opt_ml.py"}  # modules of the programs
PROGRAMS = sorted(path for path in (ROOT / "benchmarks").glob("*.py") if path.name not in SHARED)


@pytest.fixture
def aims() -> Any:
    return runpy.run_path(str(ROOT / "benchmarks" / "aims.py"))["Aims"]()


def test_aims_that_are_met_end_with_success(aims: Any) -> None:
    aims.at_most("latency", 1.0, 1.0, " ms")
    aims.at_least("throughput", 2.0, 2.0)
    assert aims.exit_code() == 0


def test_a_missed_aim_is_named_and_ends_with_an_error(aims: Any, capsys: pytest.CaptureFixture[str]) -> None:
    aims.at_most("latency", 1.2, 1.0, " ms")
    aims.at_least("throughput", 1.9, 2.0)
    assert aims.exit_code() == 1
    output = capsys.readouterr()
    assert output.err == "missed: latency, throughput\n"
    assert "latency: 1.2 ms  (at most 1 ms)" in output.out


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_ends_with_the_exit_code_of_its_aims(program: Path) -> None:
    assert "raise SystemExit(main())" in program.read_text()


def test_a_large_account_leaves_the_run_of_the_users_report_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its record was once written over that of `scones classify`, and `scones report` failed."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OUT", "out/report")
    monkeypatch.delenv("LARGE_ACCOUNT_OUT", raising=False)
    program = runpy.run_path(str(ROOT / "benchmarks" / "large_account.py"))
    monkeypatch.setitem(program["fill_run"].__globals__, "client", lambda _: SimpleNamespace(put_object=lambda **_: 0))
    program["fill_run"]()
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("executions.json")]
    assert written == [Path("out/report-large/executions.json")]


def test_a_stream_that_ends_with_the_console_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    started = runpy.run_path(str(ROOT / "benchmarks" / "console_pages.py"))["Started"]

    def end_within_a_chunk(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nevent: blocks\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        ends = threading.Thread(target=end_within_a_chunk, args=(server,))
        ends.start()
        started(None, server.getsockname()[1], 0.0).drain("/", time.monotonic() + 600)
        ends.join()


def test_make_bench_runs_every_program_and_fails_when_one_does(tmp_path: Path) -> None:
    programs = {"fails.py": "raise SystemExit(1)", "succeeds.py": "print('succeeds ran')"}
    for name, code in programs.items():
        (tmp_path / name).write_text(code)
    runs = 'exec "$4" "$5"'  # of: exec --start -- PYTHON PROGRAM
    (tmp_path / "scones").write_text(f"#!/bin/sh\n{runs}\n")
    (tmp_path / "scones").chmod(0o755)
    stamps = ("setup", "sdk2", "sdk3", ".venv-ministack/.locked", ".venv-mxnet/.locked")
    made = subprocess.run(
        [
            *("make", "--no-print-directory", "bench", f"SCONES={tmp_path}/scones"),
            *(option for stamp in stamps for option in ("-o", stamp)),
            "BENCHMARKS=" + " ".join(str(tmp_path / name) for name in programs),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 2, made.stdout + made.stderr
    assert "succeeds ran" in made.stdout
    assert f"missed an aim: {tmp_path}/fails.py" in made.stderr
