"""From an empty machine to the first prediction, with the wheel alone."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.wheel.conftest import ROOT, UV, Machine

Say = Callable[[str], None]
WARM_S = 60.0
SHORT = os.environ.get("WHEEL") == "short"


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Return a function that prints a measurement even if the test passes."""

    def print_now(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}")

    return print_now


def seconds_of_a_run(machine: Machine, wheel: Path) -> float:
    """Run the whole workflow with one test image, check the result, and return the seconds."""
    started = time.monotonic()
    run = machine.uvx(wheel, "run", IMAGES="1")
    seconds = time.monotonic() - started
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert "The drawn sample is used instead" in run.stdout + run.stderr or "CIFAR-100" in run.stdout
    return seconds


def test_help_needs_no_environment(machine: Machine, wheel: Path) -> None:
    helped = machine.uvx(wheel, "--help")
    assert "The Scones Unlimited workflow" in helped.stdout, helped.stderr
    assert not (machine.home / ".cache" / "scones-unlimited" / "environments").exists()


def test_a_cloud_starts_and_answers(machine: Machine, wheel: Path, say: Say) -> None:
    started = time.monotonic()
    program = "import os; print('profile', os.environ['AWS_PROFILE'])"
    ran = machine.uvx(wheel, "exec", "--start", "--", sys.executable, "-c", program)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "profile local\n" in ran.stdout
    say(f"an empty machine has a local cloud after {time.monotonic() - started:.0f} s")
    assert (machine.home / ".local" / "share" / "scones-unlimited" / "logs").is_dir()


def test_packages_of_a_framework_image_are_installed_by_the_kits_uv(machine: Machine, wheel: Path) -> None:
    installed = machine.uvx(wheel, "frameworks", "install", "sagemaker-scikit-learn:1.4-2-cpu-py3")
    assert installed.stdout.startswith("scikit-learn-1.4.2-"), installed.stdout + installed.stderr[-3000:]


@pytest.mark.skipif(SHORT, reason="WHEEL=short")
def test_from_an_empty_machine_to_the_first_prediction(machine: Machine, wheel: Path, say: Say) -> None:
    first, warm = seconds_of_a_run(machine, wheel), 0.0
    machine.run("rm", "-rf", machine.home / ".local", machine.folder / "out")
    warm = seconds_of_a_run(machine, wheel)
    say(f"first run {first:.0f} s, from empty state with warm caches {warm:.0f} s (aim: {WARM_S:.0f} s)")
    summary = json.loads((machine.folder / "out" / "report" / "summary.json").read_text())
    assert summary


def test_pip_installs_it_into_an_empty_environment(machine: Machine, wheel: Path) -> None:
    environment = machine.home / "environment"
    assert machine.run(getattr(sys, "_base_executable", sys.executable), "-m", "venv", environment).returncode == 0
    installed = machine.run(environment / "bin" / "pip", "install", "--quiet", wheel)
    assert installed.returncode == 0, installed.stderr
    version = machine.run(environment / "bin" / "scones", "--version")
    assert version.stdout.startswith("scones, version "), version.stderr
    listed = machine.run(UV, "pip", "list", "--python", environment / "bin" / "python", "--format", "json")
    assert len(json.loads(listed.stdout)) < 15


@pytest.mark.skipif(SHORT, reason="WHEEL=short")
def test_the_example_project_passes_side_by_side(machine: Machine, wheel: Path, say: Say) -> None:
    """Twenty tests in four processes: the first run trains the endpoint's model, the second is timed."""
    project, python = machine.folder / "pytest_project", machine.folder / "pytest_project" / ".venv" / "bin" / "python"
    shutil.copytree(ROOT / "examples" / "pytest_project", project)
    base = getattr(sys, "_base_executable", sys.executable)
    assert machine.run(UV, "venv", "--python", base, project / ".venv").returncode == 0
    packages = ("pytest", "pytest-xdist")
    assert machine.run(UV, "pip", "install", "--python", python, wheel, *packages).returncode == 0
    for name in ("first", "warm"):
        started = time.monotonic()
        ran = machine.run(python, "-m", "pytest", "-n", "4", "--rootdir", project, "-c", project / "pyproject.toml")
        say(f"{name} run of the example project: {time.monotonic() - started:.0f} s (aim, warm: 30 s)")
        assert "20 passed" in ran.stdout, ran.stdout[-3000:]


def test_uninstall_lists_the_cache(machine: Machine, wheel: Path) -> None:
    listed = machine.uvx(wheel, "uninstall")
    assert str(machine.home / ".cache" / "scones-unlimited") in listed.stdout, listed.stderr
