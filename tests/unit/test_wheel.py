"""The content of the wheel, and its publication."""

from __future__ import annotations

import runpy
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
HOOK = runpy.run_path(str(ROOT / "ci" / "wheel_hook.py"))
NOT_IN_THE_KIT = ("src/scones_unlimited/", "src/pytest_aws_local/")


def tracked(*folders: str) -> set[str]:
    return set(subprocess.check_output(["git", "ls-files", *folders], cwd=ROOT, text=True).splitlines())


def test_the_kit_in_the_wheel_has_every_file_that_a_checkout_runs_with() -> None:
    needed = tracked("src", "local", "local_stepfunctions", "notebooks", "data/*.py", "targets.toml", "template.yaml")
    needed = {path for path in needed if not path.startswith(NOT_IN_THE_KIT) and (ROOT / path).is_file()}
    files = set(HOOK["kit_files"](ROOT))
    assert sorted(needed - files) == []
    assert "src/scones_unlimited/requirements.lock" in files


def test_the_wheel_has_no_generated_file() -> None:
    assert [path for path in HOOK["kit_files"](ROOT) if path.endswith((".pyc", ".tar.gz"))] == []


def publishing() -> dict[Any, Any]:
    content = yaml.safe_load((ROOT / ".github" / "workflows" / "publish.yml").read_text())
    assert isinstance(content, dict)
    return content


def test_only_a_tag_publishes() -> None:
    assert publishing()[True] == {"push": {"tags": ["v*"]}}  # YAML reads the key `on` as true


def test_publishing_needs_no_token_and_a_wheel_that_was_tried() -> None:
    jobs = publishing()["jobs"]
    assert [name for name, job in jobs.items() if "id-token" in job.get("permissions", {})] == ["publish"]
    assert jobs["publish"]["needs"] == "build"
    commands = [step["run"] for step in jobs["build"]["steps"] if "run" in step]
    assert commands[-2:] == ["make wheel", "make test-wheel"]


def test_the_command_of_the_wheel_is_the_launcher() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"scones": "scones_unlimited.launcher:main"}


def test_the_kits_uv_is_the_one_that_makes_its_environments() -> None:
    makefile = (ROOT / "Makefile").read_text()
    kit = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["kit"]
    [version] = [line.partition(":= ")[2] for line in makefile.splitlines() if line.startswith("UV_VERSION")]
    assert f"uv=={version}" in kit
