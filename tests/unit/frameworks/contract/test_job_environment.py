"""The job's own Python environment: the packages that it sees, and the shared ones that it leaves alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from frameworks.contract.job_environment import JobEnvironment

REPORT = """
import json, sys, boto3, shutil
print(json.dumps([sys.prefix, sys.executable, boto3.__file__, shutil.which("python3"), shutil.which("lint-imports")]))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> JobEnvironment:
    environment = JobEnvironment.of_this_job({"HOME": str(tmp_path_factory.mktemp("home"))})
    environment.make()
    return environment


def test_it_sees_the_packages_of_the_shared_environment(environment: JobEnvironment) -> None:
    output = subprocess.run(
        [environment.python, "-c", REPORT], env=environment.variables(), capture_output=True, text=True, check=True
    ).stdout
    prefix, executable, package, python, program = json.loads(output)
    assert (prefix, executable) == (str(environment.folder), str(environment.python))
    assert package.startswith(sys.prefix)
    assert Path(python) == environment.folder / "bin/python3"
    assert Path(program) == environment.folder / "bin/lint-imports"


def test_start_scripts_run_with_its_python(environment: JobEnvironment) -> None:
    script = (environment.folder / "bin/lint-imports").read_text()
    assert str(environment.python) in script.partition("\n")[0] + script[:300]
    assert str(sys.executable) not in script


def test_a_command_runs_in_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "frameworks", "run", "sh", "-c", "command -v python3"]
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert Path(output.strip()) == tmp_path.resolve() / "job-environment/bin/python3"


def test_making_it_again_changes_nothing(environment: JobEnvironment) -> None:
    environment.make()
    assert environment.python.exists()


def test_a_home_that_cannot_be_written_is_replaced() -> None:
    assert JobEnvironment.of_this_job({"HOME": "/no/such/home"}).folder.parent.is_dir()
