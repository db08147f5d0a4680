"""The checks before a commit and in hosted CI are those that a developer runs with make."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def recipe(target: str) -> list[str]:
    """Return the command lines of a make target."""
    rule = re.search(rf"^{target}:[^\n]*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert rule
    return [line.strip().removeprefix("@") for line in rule[1].splitlines()]


def load(path: Path) -> dict[Any, Any]:
    content = yaml.safe_load(path.read_text())
    assert isinstance(content, dict)
    return content


def test_pre_commit_runs_the_checks_of_make_lint() -> None:
    (repository,) = load(ROOT / ".pre-commit-config.yaml")["repos"]
    assert [hook["entry"] for hook in repository["hooks"]] == recipe("lint")


def test_hosted_ci_runs_every_make_command_of_the_ci_script() -> None:
    jobs = load(ROOT / ".github" / "workflows" / "ci.yml")["jobs"].values()
    hosted = {step["run"] for job in jobs for step in job["steps"] if "run" in step}
    script = {line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.startswith("make ")}
    assert script
    assert script <= hosted


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_and_uses_pinned_actions_and_no_secret(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets." not in path.read_text()
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 90
        for action in (step["uses"] for step in job["steps"] if "uses" in step):
            assert re.search(r"@(v[0-9]+|[0-9a-f]{40})$", action), action


def test_mypy_checks_every_folder_with_python_code() -> None:
    mypy_files = re.search(r"^files = \[(.*?)\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)
    assert mypy_files
    # the plugin has a configuration of its own, since it is checked against LocalStack's environment
    checked = (*re.findall(r'"(.*?)"', mypy_files[1]), "src/localstack_plugin")
    # notebooks and scripts for framework images are written as people write them, and tests execute them
    written_freely = (":!notebooks", ":!examples/abalone", ":!examples/script_mode")
    tracked = subprocess.check_output(["git", "ls-files", "*.py", *written_freely], cwd=ROOT, text=True).splitlines()
    assert [path for path in tracked if not path.startswith(tuple(f"{folder}/" for folder in checked))] == []
