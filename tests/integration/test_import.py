"""`scones import`: what was exported elsewhere runs here."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from rich.console import Console as RichConsole
from tests.integration.exported_code import FOLDERS
from tests.integration.exported_machines import CHAIN
from tests.integration.exported_projects import EVENT, PROJECTS, Files, Project
from tests.waiting import until

from scones import settings
from scones.backends import open_context
from scones.console import Console
from scones.importing.command import import_files
from scones.importing.plan import Options

RUNNING = "RUNNING"
Import = Callable[[Path], str]


@pytest.fixture(scope="module")
def imported() -> Import:
    """Return a function that imports a folder and returns what the command prints."""
    loaded = settings.load({}, {}, "local", settings.PROJECT / "targets.toml")

    def run(source: Path) -> str:
        output = io.StringIO()
        console = Console(RichConsole(file=output, highlight=False))
        import_files(open_context(loaded, boto3.Session(), console), source, Options())
        return output.getvalue()

    return run


def write(project: Project, folder: Path) -> Path:
    for name, content in project.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def executed(machine: str, event: object) -> dict[str, Any]:
    """Run a machine and return the description of its ended execution."""
    states = boto3.client("stepfunctions")
    arn = next(
        item["stateMachineArn"] for item in states.list_state_machines()["stateMachines"] if item["name"] == machine
    )
    execution = states.start_execution(stateMachineArn=arn, input=json.dumps(event))["executionArn"]

    def ended() -> dict[str, Any]:
        description: dict[str, Any] = states.describe_execution(executionArn=execution)
        return {} if description["status"] == RUNNING else description

    return until(ended, f"the execution of {machine}")


@pytest.mark.parametrize("name", PROJECTS)
def test_an_exported_project_runs_to_its_end(name: str, imported: Import, tmp_path: Path) -> None:
    project = PROJECTS[name]
    printed = imported(write(project, tmp_path))
    assert f"State machine {project.machine}" in printed
    assert " ! " not in printed

    description = executed(project.machine, project.input)
    assert description["status"] == project.status, description
    assert project.expected in (description.get("output") or "") + (description.get("error") or "")


def test_what_is_missing_is_named_and_the_rest_is_imported(imported: Import, tmp_path: Path) -> None:
    text = json.dumps(CHAIN).replace("function:filter", "function:nobody-has-this")
    code = 'import numpy\nENDPOINT = "image-classification-2021"\n' + FOLDERS["classify/lambda_function.py"]
    files: Files = {
        "partial.json": text,
        **FOLDERS,
        "classify/lambda_function.py": code,
        "broken.json": "{",
        "x.zip": b"PK",
    }
    printed = imported(write(Project(files), tmp_path))
    assert "State machine partial" in printed
    assert "function nobody-has-this: the export has no code for it" in printed
    assert "function classify imports numpy" in printed
    assert "endpoint image-classification-2021, which function classify invokes, does not exist here" in printed
    assert "broken.json cannot be read" in printed
    assert "x.zip is not a zip file" in printed


def test_a_function_that_lambda_refuses_is_named_and_the_rest_is_imported(imported: Import, tmp_path: Path) -> None:
    properties = {"Code": {"ZipFile": "def handler(event, context): pass"}}
    reserved = {**properties, "Environment": {"Variables": {"AWS_REGION": "us-east-1"}}}
    functions = {"Accepted": properties, "Refused": reserved}
    resources = {name: {"Type": "AWS::Lambda::Function", "Properties": value} for name, value in functions.items()}
    template = {"Resources": resources}
    printed = imported(write(Project({"template.json": json.dumps(template)}), tmp_path))
    assert "Function Accepted: created" in printed
    assert "function Refused was refused" in printed
    assert "AWS_REGION" in printed


def test_the_command_imports_under_the_profile_in_use(environment: dict[str, str], tmp_path: Path) -> None:
    write(Project({"by-command.json": json.dumps(CHAIN), **FOLDERS}), tmp_path)
    command = [sys.executable, "-m", "scones", "import", str(tmp_path)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "arn:aws:states:us-east-1:000000000000:stateMachine:by-command" in answer.stdout
    assert executed("by-command", EVENT)["status"] == "SUCCEEDED"
