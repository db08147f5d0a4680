"""Every setting of the local servers is documented, and nothing is documented that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\b(?:SAGEMAKER_EMULATOR|SCONES)_[A-Z_]+\b")
NOT_FOR_PEOPLE = {"SAGEMAKER_EMULATOR_INSTANCE", "SCONES_LOCAL_CLOUD", "SCONES_LAMBDA_SERVER_PIPE"}


def test_the_variables_of_the_servers_are_those_of_the_page() -> None:
    code = "".join(path.read_text() for path in [*(ROOT / "src").rglob("*.py"), ROOT / "docker-compose.yml"])
    page = (ROOT / "docs" / "servers.md").read_text()
    assert set(VARIABLE.findall(code)) - NOT_FOR_PEOPLE == set(VARIABLE.findall(page))


def test_what_the_readme_tells_people_to_make_is_a_target() -> None:
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()

    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", makefile, re.MULTILINE)) | {
        name for line in re.findall(r"^(?:\.PHONY|STEPS) ?:=? ?(.*)$", makefile, re.MULTILINE) for name in line.split()
    }
    commands = set(re.findall(r"^(?:\w+=\S+ )?make ((?:[a-z-]+ ?)+?)(?: {2,}|$)", readme, re.MULTILINE))
    assert commands
    assert {name for line in commands for name in line.split()} <= targets
