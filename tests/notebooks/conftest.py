"""Environments without the kit, and a local cloud for them. `make test-notebooks` makes the environments."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.conftest import cloud  # noqa: F401 (a fixture)

from local_cloud.settings import ROOT, Settings

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def python_of(sdk: str) -> Path:
    """Return the Python of the environment with an SDK: v2 or v3. The test is skipped where it is not made."""
    python = ROOT / f".venv-sdk{sdk[-1]}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{python.relative_to(ROOT)} does not exist: make sdk2 sdk3")
    return python


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home with an AWS configuration and a profile `prod`, whose keys are nobody's."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[profile prod]\nregion = eu-central-1\n")
    (tmp_path / ".aws" / "credentials").write_text("[prod]\naws_access_key_id = real\naws_secret_access_key = real\n")
    return tmp_path


@pytest.fixture
def environment(cloud: Settings, home: Path) -> dict[str, str]:  # noqa: F811
    """Return the variables of a user's shell: none of the kit's but the ports and the folder of the cloud."""
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "SCONES_LOCALSTACK_PORT": str(cloud.localstack_port),
        "SCONES_SAGEMAKER_PORT": str(cloud.sagemaker_port),
        "SCONES_STATE_DIR": str(cloud.state_dir),
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Return a function that runs a line of bash after `eval "$(scones env)"`, with an SDK's environment first."""

    def run_line(sdk: str, line: str, **variables: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(python_of(sdk).parent), "/usr/bin", "/bin"])
        script = f'eval "$({ROOT}/.venv/bin/scones env)"\n{line}'
        completed = subprocess.run(
            ["bash", "--norc", "-c", script],
            env={**environment, "PATH": path, **variables},
            cwd=environment["HOME"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert completed.returncode == 0, completed.stdout + completed.stderr
        return completed

    return run_line
