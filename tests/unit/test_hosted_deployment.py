"""The hosted workflow Deploy: who may do what in it, and the documents made from it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.decode import cfn_yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "deploy.yml"
DOCUMENT: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text())
JOBS: dict[str, Any] = DOCUMENT["jobs"]
ROLES: dict[str, Any] = cfn_yaml.loads((ROOT / "ci" / "deploy_role.yaml").read_text())["Resources"]
SUBJECT = "token.actions.githubusercontent.com:sub"


def actionlint(folder: Path) -> subprocess.CompletedProcess[str]:
    files = [str(path) for path in sorted(folder.glob("*.yml"))]
    command = [str(Path(sys.executable).with_name("actionlint")), *files]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_workflows_pass_actionlint() -> None:
    checked = actionlint(WORKFLOW.parent)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ("needs: [staging, approval]", "needs: [staging, aproval]", "aproval"),
        ("needs.staging.outputs.package", "needs.staging.outputs.pakage", "pakage"),
        ("role-to-assume:", "rol-to-assume:", "rol-to-assume"),
    ],
)
def test_actionlint_finds_a_mistake(tmp_path: Path, good: str, bad: str, message: str) -> None:
    text = WORKFLOW.read_text()
    assert good in text
    (tmp_path / "deploy.yml").write_text(text.replace(good, bad))
    checked = actionlint(tmp_path)
    assert checked.returncode == 1
    assert message in checked.stdout


def test_production_waits_for_staging_and_the_approval() -> None:
    assert JOBS["staging"]["needs"] == "test"
    assert JOBS["approval"]["needs"] == "staging"
    assert JOBS["production"]["needs"] == ["staging", "approval"]


def test_only_jobs_of_an_environment_may_ask_aws_for_a_role() -> None:
    for job in JOBS.values():
        has_token = job.get("permissions", {}).get("id-token") == "write"
        assert has_token == ("environment" in job)


def test_a_role_is_for_the_environments_of_the_workflow_only() -> None:
    environments = {job["environment"] for job in JOBS.values() if "environment" in job}
    trusted: set[str] = set()
    for name in ("DeployRole", "ReadRole"):
        [statement] = ROLES[name]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        subjects = statement["Condition"]["StringEquals"][SUBJECT]
        for subject in subjects if isinstance(subjects, list) else [subjects]:
            text = subject["Fn::Sub"]
            assert re.fullmatch(r"repo:\$\{Repository\}:environment:[\w${}]+", text), text
            trusted.add(text.rpartition(":")[2])
    assert trusted == {"${Environment}", "approval", "production"}
    assert environments == {"staging", "approval", "production"}


def test_the_deploying_role_cannot_approve_a_model() -> None:
    policies = ROLES["DeployRole"]["Properties"]["Policies"]
    denied = [one for each in policies for one in each["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
    assert [(one["Action"], one["Condition"]) for one in denied] == [
        ("sagemaker:UpdateModelPackage", {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}})
    ]


def test_what_creates_resources_is_allowed_through_cloudformation_only() -> None:
    policies = {policy["PolicyName"]: policy for policy in ROLES["DeployRole"]["Properties"]["Policies"]}
    for statement in policies["through-cloudformation"]["PolicyDocument"]["Statement"]:
        assert statement["Condition"]["StringEquals"]["aws:CalledViaFirst"] == "cloudformation.amazonaws.com"
    others = [one for name in ("stack", "workflow") for one in policies[name]["PolicyDocument"]["Statement"]]
    actions = {action for one in others for action in _listed(one["Action"])}
    assert not {action for action in actions if action.startswith(("iam:", "lambda:"))} - {"iam:PassRole"}


def test_the_picture_shows_the_workflow_as_it_is(tmp_path: Path) -> None:
    written = tmp_path / "deploy.svg"
    command = [sys.executable, "ci/workflow_picture.py", str(WORKFLOW), str(written)]
    subprocess.run(command, cwd=ROOT, check=True)
    assert written.read_text() == (ROOT / "docs" / "pictures" / "deploy.svg").read_text(), "run `make docs`"


def test_the_page_names_every_step() -> None:
    page = (ROOT / "docs" / "cicd.md").read_text()
    for job in JOBS.values():
        assert f"**{job['name']}**" in page, job["name"]


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions
