"""The documents name every setting, make target and dependency, and nothing that does not exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\b(?:SAGEMAKER_EMULATOR|SCONES)_[A-Z_]+\b")
INTERNAL_VARIABLES = {"SAGEMAKER_EMULATOR_INSTANCE", "SCONES_LOCAL_CLOUD", "SCONES_LAMBDA_SERVER_PIPE"}
TABLE_ROW = re.compile(r"^\| (.+?) \|", re.MULTILINE)


def test_servers_page_lists_every_variable_that_the_servers_read() -> None:
    code = "".join(path.read_text() for path in [*(ROOT / "src").rglob("*.py"), ROOT / "docker-compose.yml"])
    page = (ROOT / "docs" / "servers.md").read_text()
    assert set(VARIABLE.findall(code)) - INTERNAL_VARIABLES == set(VARIABLE.findall(page))


def test_every_make_command_in_the_readme_is_a_target() -> None:
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()

    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", makefile, re.MULTILINE)) | {
        name for line in re.findall(r"^(?:\.PHONY|STEPS) ?:=? ?(.*)$", makefile, re.MULTILINE) for name in line.split()
    }
    commands = set(re.findall(r"^(?:\w+=\S+ )?make ((?:[a-z-]+ ?)+?)(?: {2,}|$)", readme, re.MULTILINE))
    assert commands
    assert {name for line in commands for name in line.split()} <= targets


def test_every_dependency_has_a_reason_in_the_decision_about_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    decision = (ROOT / "docs" / "adr" / "0003-dependencies.md").read_text()
    project_tables = decision.partition("Benchmarks and set-up")[0]

    names = {re.split(r"[\[=<>]", requirement)[0] for requirement in requirements}
    assert set(TABLE_ROW.findall(project_tables)) - {"package", "---"} == names
