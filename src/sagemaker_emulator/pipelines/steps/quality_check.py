"""QualityCheck steps: a processing job computes statistics and constraints, and compares them with a baseline.

The definition names the job's image. Its container gets the variables of Model Monitor's container,
`baseline_statistics` and `baseline_constraints`, with the files that they name. It writes statistics.json,
constraints.json and, if it finds any violations, constraint_violations.json. Source: "Baseline calculation, drift
detection and lifecycle" in the developer guide.

The baseline is the supplied one, or that of the newest approved version in the model package group (its
DriftCheckBaselines). Without a baseline, or with SkipCheck, the job runs and nothing is compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.pipelines.definitions.errors import ExpressionError
from sagemaker_emulator.pipelines.steps.jobs import JobAction
from sagemaker_emulator.pipelines.steps.progress import FAILED_BY_CLIENT, Progress, StepCall, failed, succeeded
from sagemaker_emulator.registry.model_packages import ModelPackages
from sagemaker_emulator.resources.model_building.execution import StepStatus
from sagemaker_emulator.resources.model_package import APPROVED

CHECKS = {"DATA_QUALITY": "ModelDataQuality", "MODEL_QUALITY": "ModelQuality"}
FOLDER = "/opt/ml/processing/baseline"
KINDS = ("Statistics", "Constraints")


@dataclass(frozen=True)
class QualityCheckAction:
    jobs: JobAction
    packages: ModelPackages

    def start(self, call: StepCall) -> Progress:
        check_type = call.members["CheckType"]
        if check_type not in CHECKS:
            raise validation(f"CheckType must be one of {', '.join(CHECKS)}, not {check_type!r}.")
        baseline = self._baseline(call)
        changes = {} if _is_set(call, "SkipCheck", False) else _with_baseline(call.arguments, baseline)
        started = self.jobs.start_with(call, changes)
        return Progress(started.status, call.metadata(**_metadata(call, baseline, started)))

    def look(self, call: StepCall) -> Progress:
        progress, own = self.jobs.look(call), call.record.metadata[call.step.kind.metadata]
        if progress.status is not StepStatus.SUCCEEDED:
            return progress
        report = f"{_output(call)}/constraint_violations.json"
        violations = [] if own["SkipCheck"] else _violations(call, report)
        if violations:
            own = {**own, "ViolationReport": report}
            if _is_set(call, "FailOnViolation", True):
                reason = f"{FAILED_BY_CLIENT}The check found {len(violations)} constraint violations; see {report}."
                return failed(reason, call.metadata(**own))
        return succeeded(call.metadata(**own), {name: own[name] for name in own if "Baseline" in name})

    def stop(self, call: StepCall) -> None:
        self.jobs.stop(call)

    def _baseline(self, call: StepCall) -> dict[str, str]:
        """Return the URIs of the baseline's files, by kind."""
        registered = self._registered(call)
        named = {kind: call.members.get(f"SuppliedBaseline{kind}") or registered.get(kind) for kind in KINDS}
        return {kind: str(uri) for kind, uri in named.items() if uri}

    def _registered(self, call: StepCall) -> dict[str, str]:
        group = call.members.get("ModelPackageGroupName")
        if not group:
            return {}
        newest = {
            "ModelPackageGroupName": group,
            "ModelApprovalStatus": APPROVED,
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
            "MaxResults": 1,
        }
        packages = self.packages.page(newest).resources
        baselines = packages[0].request.get("DriftCheckBaselines", {}) if packages else {}
        files = baselines.get(CHECKS[call.members["CheckType"]], {})
        return {kind: files[kind]["S3Uri"] for kind in KINDS if kind in files}


def _with_baseline(arguments: dict[str, Any], baseline: dict[str, str]) -> dict[str, Any]:
    """Return the members of the job's request that bring the baseline into its container."""
    inputs, environment = list(arguments.get("ProcessingInputs") or ()), dict(arguments.get("Environment") or {})
    for kind, uri in baseline.items():
        folder, name = f"{FOLDER}/{kind.lower()}", f"baseline_{kind.lower()}"
        source = {"S3Uri": uri, "LocalPath": folder, "S3DataType": "S3Prefix", "S3InputMode": "File"}
        inputs.append({"InputName": name, "S3Input": source})
        environment[name] = f"{folder}/{uri.rpartition('/')[2]}"
    return {"ProcessingInputs": inputs, "Environment": environment} if baseline else {}


def _metadata(call: StepCall, baseline: dict[str, str], started: Progress) -> dict[str, Any]:
    is_new = _is_set(call, "RegisterNewBaseline", False)
    calculated = {kind: f"{_output(call)}/{kind.lower()}.json" for kind in KINDS}
    used = calculated if is_new else {**calculated, **baseline}
    return {
        "CheckType": call.members["CheckType"],
        "CheckJobArn": started.metadata[call.step.kind.metadata]["Arn"],
        "SkipCheck": _is_set(call, "SkipCheck", False) or not baseline,
        "RegisterNewBaseline": is_new,
        **{f"CalculatedBaseline{kind}": uri for kind, uri in calculated.items()},
        **{f"BaselineUsedForDriftCheck{kind}": uri for kind, uri in used.items()},
        **({"ModelPackageGroupName": group} if (group := call.members.get("ModelPackageGroupName")) else {}),
    }


def _output(call: StepCall) -> str:
    """Return the S3 folder of the job's first output."""
    first, *_ = call.arguments["ProcessingOutputConfig"]["Outputs"]
    return str(first["S3Output"]["S3Uri"]).rstrip("/")


def _violations(call: StepCall, report: str) -> list[Any]:
    try:
        violations: list[Any] = call.scope.json_object(report).get("violations", [])
    except ExpressionError:  # a job that finds nothing need not write the report
        return []
    return violations


def _is_set(call: StepCall, member: str, default: bool) -> bool:
    """Return a flag, whose value may come from a parameter of type Boolean or String."""
    value = call.members.get(member, default)
    return value if isinstance(value, bool) else str(value).lower() == "true"
