"""The local cloud where nothing of what only Linux has is available, in place of a machine with macOS.

More files run there with `SCONES_TEST_CLOUD=without-linux pytest FILE`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import CLOUD, WITHOUT_LINUX

FOLDER = Path(__file__).parent
FUNCTIONS = FOLDER / "test_lambda_executor.py"
TESTS = (
    f"{FOLDER / 'test_training_workflow.py'}",
    f"{FUNCTIONS}::test_a_function_gets_its_event_and_returns_its_answer",
    f"{FUNCTIONS}::test_an_updated_function_leaves_no_process",
)
DEADLINE_S = 900  # half a minute on a machine that does nothing else


@pytest.mark.skipif(CLOUD != "embedded", reason="it starts a cloud of its own")
def test_the_workflow_and_functions_run_without_what_only_linux_has() -> None:
    environment = os.environ | {"SCONES_TEST_CLOUD": "without-linux", "PYTHONPATH": str(WITHOUT_LINUX)}
    environment.pop("SCONES_TEST_COUNTS", None)  # this run counts as one test
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS],
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "6 passed" in run.stdout
