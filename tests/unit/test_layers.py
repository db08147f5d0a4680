"""The contracts of .importlinter fail when a module imports from a layer above it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# An import in a module of the lowest layer, and the contract that it breaks.
PLANTED = {
    "scones/errors.py": ("import sagemaker_emulator.errors", "The parts do not import each other"),
    "local_cloud/errors.py": ("import local_cloud.cloud", "Layers of the local cloud"),
    "command_line/catalog.py": ("import command_line.cli", "Layers of the command line"),
    "sagemaker_emulator/errors.py": ("import sagemaker_emulator.server", "The layers of the SageMaker emulator"),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return KEPT or BROKEN for each contract, in a copy of the source with the planted imports."""
    source = tmp_path_factory.mktemp("planted") / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__", "build"))
    for name, (line, _) in PLANTED.items():
        with (source / name).open("a") as file:
            file.write(f"\n{line}\n")
    command = [
        str(Path(sys.executable).with_name("lint-imports")),
        "--no-cache",
        "--config",
        str(ROOT / ".importlinter"),
    ]
    linted = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(source)}, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 1, linted.stdout + linted.stderr
    return dict(re.findall(r"^(.+?) (KEPT|BROKEN)", linted.stdout, re.MULTILINE))


@pytest.mark.slow
@pytest.mark.parametrize("contract", [contract for _, contract in PLANTED.values()])
def test_a_contract_is_broken_by_an_import_from_above(verdicts: dict[str, str], contract: str) -> None:
    assert verdicts[contract] == "BROKEN"


@pytest.mark.slow
def test_the_other_contracts_are_kept(verdicts: dict[str, str]) -> None:
    assert verdicts["Only the plugin knows LocalStack"] == "KEPT"
