"""The contracts of .importlinter fail when a module imports from a layer above it; and no folder of src is crowded."""

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
# A reader takes in no more names at once.
MODULES_MAX = 15


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


def crowded_folders(source: Path) -> dict[str, int]:
    """Return the folders with more than MODULES_MAX modules, and their number of modules without `__init__.py`."""
    folders = (path for path in source.rglob("*") if path.is_dir() and path.name != "build")
    modules = {folder: sum(file.name != "__init__.py" for file in folder.glob("*.py")) for folder in (source, *folders)}
    return {str(folder.relative_to(source)): number for folder, number in modules.items() if number > MODULES_MAX}


def test_no_folder_has_more_than_15_modules() -> None:
    crowded = crowded_folders(ROOT / "src")
    assert not crowded, f"group modules that belong together in a folder of their own: {crowded}"


def test_a_folder_with_16_modules_is_crowded(tmp_path: Path) -> None:
    folder = tmp_path / "part" / "room"
    folder.mkdir(parents=True)
    for name in ["__init__", *(f"module_{number}" for number in range(MODULES_MAX))]:
        (folder / f"{name}.py").touch()
    assert crowded_folders(tmp_path) == {}
    (folder / "one_more.py").touch()
    assert crowded_folders(tmp_path) == {"part/room": 16}
