"""Whole notebooks run from top to bottom in the kernel, in environments without the kit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import jupytext
import pytest
from tests.notebooks.conftest import python_of

from local_cloud.settings import ROOT

HERE = Path(__file__).parent
KIT = ROOT / "notebooks" / "scones_unlimited.ipynb"
SHORT = {"SHORT": "1", "EPOCHS": "1", "DATASET": str(ROOT / "data" / "sample.tar.gz")}


class Jupyter:
    """A user's Jupyter: its kernels, and the environment in which a new notebook gets its packages."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        settings = Path.home() / ".config" / "pip" / "pip.conf"
        pip |= {"PIP_CONFIG_FILE": str(settings)} if settings.exists() else {}
        path = os.pathsep.join([str(folder), "/usr/bin", "/bin"])
        self.environment = {**environment, **pip, "PATH": path, "JUPYTER_DATA_DIR": str(folder / "jupyter")}
        self.folder = folder

    def install_kernel(self, sdk: str) -> Path:
        """Make an environment with pip and an SDK's packages, install the kernel for it, and return the environment."""
        packages = next((python_of(sdk).parents[1] / "lib").glob("python*/site-packages"))
        environment = self.folder / "environment"
        venv.create(environment, with_pip=True)
        own = next((environment / "lib").glob("python*/site-packages"))
        (own / "sdk.pth").write_text(f"{packages}\n")
        command = [str(ROOT / ".venv/bin/scones"), "kernel", "install", "--python", str(environment / "bin" / "python")]
        subprocess.run(command, env=self.environment, check=True, capture_output=True)
        return environment

    def execute(self, notebook: Path, **variables: str) -> Any:
        """Execute a notebook, and return it with its outputs."""
        work, output = self.folder / "work", self.folder / "output.ipynb"
        work.mkdir()
        command = [sys.executable, str(HERE / "execute.py"), str(notebook), "local-aws", str(work), str(output)]
        completed = subprocess.run(
            command, env={**self.environment, **variables}, capture_output=True, text=True, check=False
        )
        assert completed.returncode == 0, completed.stderr[-6000:]
        return json.loads(output.read_text())


@pytest.fixture
def jupyter(environment: dict[str, str], tmp_path: Path) -> Jupyter:
    return Jupyter(environment, tmp_path)


def pictures(notebook: Any) -> int:
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    return sum("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.slow
@pytest.mark.parametrize("sdk", ["v2", "v3"])
def test_a_notebook_in_the_manner_of_a_first_project_runs_unchanged(jupyter: Jupyter, sdk: str) -> None:
    environment = jupyter.install_kernel(sdk)
    notebook = jupyter.execute(HERE / f"starter_{sdk}.py", AWS_DEFAULT_REGION="eu-west-1", AWS_ACCESS_KEY_ID="mine")
    assert len(notebook["cells"]) >= 40
    assert pictures(notebook) >= 3
    assert list(environment.glob("lib/python*/site-packages/tabulate")) != []


@pytest.mark.slow
def test_the_kits_notebook_runs_in_its_short_form(jupyter: Jupyter) -> None:
    jupyter.install_kernel("v2")
    assert pictures(jupyter.execute(KIT, **SHORT)) == 5


def test_the_kits_notebook_and_its_text_are_the_same() -> None:
    notebook, text = (jupytext.read(file) for file in (KIT, KIT.with_suffix(".py")))
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        (cell.cell_type, cell.source) for cell in text.cells
    ]
