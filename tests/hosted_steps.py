"""Run the commands of a hosted workflow on this machine: the `run:` steps as they stand, and doubles of the actions."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)(?:\s*\|\|\s*'([^']*)')?\s*\}\}")
OIDC = "aws-actions/configure-aws-credentials"
WITHOUT_EFFECT_HERE = ("actions/checkout", "actions/setup-python")


class StepFailedError(Exception):
    """A step ended with another exit code than 0; the text is its output."""


@dataclass
class HostedRun:
    """One run of a workflow in a checkout.

    `variables` are those of the repository and, by the name of each environment, its own. `credentials` are what a role
    gets from AWS: environment variables, by the role's ARN.
    """

    workflow: Path
    checkout: Path
    surroundings: Mapping[str, str]
    variables: Mapping[str, Mapping[str, str]]
    credentials: Mapping[str, Mapping[str, str]]
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    roles: list[str] = field(default_factory=list)

    def job(self, name: str) -> None:
        """Run a job's steps in turn, each as GitHub does: `bash -eo pipefail`, with its variables and outputs."""
        document = yaml.safe_load(self.workflow.read_text())
        job = document["jobs"][name]
        known = self._known(job.get("environment", ""))
        granted: dict[str, str] = {}
        for step in job["steps"]:
            if "uses" in step:
                granted |= self._acted(step, known)
            else:
                wires = (document.get("env", {}), job.get("env", {}), step.get("env", {}))
                environment = {key: _resolved(value, known) for wire in wires for key, value in wire.items()}
                known |= self._ran(step, {**self.surroundings, **granted, **environment})
        self.outputs[name] = {key: _resolved(value, known) for key, value in job.get("outputs", {}).items()}

    def _known(self, environment: str) -> dict[str, str]:
        """Return the values that expressions may name."""
        variables = {**self.variables[""], **self.variables.get(environment, {})}
        known = {f"vars.{key}": value for key, value in variables.items()}
        for job, outputs in self.outputs.items():
            known |= {f"needs.{job}.outputs.{key}": value for key, value in outputs.items()}
        return known

    def _acted(self, step: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
        """Return the environment variables that an action sets."""
        action = step["uses"].partition("@")[0]
        if action == OIDC:
            role = _resolved(step["with"]["role-to-assume"], known)
            assert not {"aws-access-key-id", "aws-secret-access-key"} & step["with"].keys()
            self.roles.append(role)
            return dict(self.credentials[role])
        assert action in WITHOUT_EFFECT_HERE, f"no double of {action}"
        return {}

    def _ran(self, step: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
        """Run a step's command; return its outputs by the names that expressions have for them."""
        file = Path(environment["HOME"]) / "github-output"
        file.write_text("")
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        ended = subprocess.run(
            command, cwd=self.checkout, env={**environment, "GITHUB_OUTPUT": str(file)}, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if ended.returncode != 0:
            raise StepFailedError(f"{step['name']}: exit code {ended.returncode}\n{ended.stdout}")
        pairs = (line.partition("=") for line in file.read_text().splitlines())
        return {f"steps.{step.get('id')}.outputs.{key}": value for key, _, value in pairs}


def _resolved(value: Any, known: Mapping[str, str]) -> str:
    """Return a value with its expressions replaced. A variable that is not set is empty, as on GitHub."""
    return EXPRESSION.sub(lambda match: known.get(match[1]) or match[2] or "", str(value))
