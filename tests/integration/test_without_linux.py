"""The local cloud where nothing of what only Linux has is available, in place of a machine with macOS.

More files run there with `SCONES_TEST_CLOUD=without-linux pytest FILE`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import CLOUD, WITHOUT_LINUX

WORKFLOW = Path(__file__).with_name("test_training_workflow.py")
DEADLINE_S = 900  # half a minute on a machine that does nothing else


@pytest.mark.skipif(CLOUD != "embedded", reason="it starts a cloud of its own")
def test_the_workflow_runs_without_what_only_linux_has() -> None:
    environment = os.environ | {"SCONES_TEST_CLOUD": "without-linux", "PYTHONPATH": str(WITHOUT_LINUX)}
    environment.pop("SCONES_TEST_COUNTS", None)  # this run counts as one test
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(WORKFLOW)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "4 passed" in run.stdout
